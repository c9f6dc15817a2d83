//! Where the ONNX Runtime shared library is looked for.
//!
//! In this order: explicit option, `ORT_DYLIB_PATH`, beside the executable
//! and in `../lib`, the project's own `.onnxruntime/` (which
//! `tools/onnxruntime.sh` fills), the system's loader.

use std::env;
use std::env::consts::{DLL_PREFIX, DLL_SUFFIX};
use std::fs;
use std::path::{Path, PathBuf};

use crate::InferError;

/// Environment variable with the path of the library.
const PATH_VARIABLE: &str = "ORT_DYLIB_PATH";
/// Folder of the project with the library; git ignores it.
const PROJECT_FOLDER: &str = ".onnxruntime";

/// Where to look; filled from the process by [`Search::from_process`].
#[derive(Debug, Default)]
pub(super) struct Search {
    /// Library or folder given by the caller.
    pub explicit: Option<PathBuf>,
    /// Value of `ORT_DYLIB_PATH`.
    pub variable: Option<PathBuf>,
    /// Folder of the running executable.
    pub executable_dir: Option<PathBuf>,
    /// Current folder.
    pub current_dir: Option<PathBuf>,
}

/// The outcome of a search.
#[derive(Debug, PartialEq)]
pub(super) enum Found {
    /// A file, as an absolute path.
    File(PathBuf),
    /// No file; the system's loader may still know the library by name.
    Nowhere { searched: Vec<String> },
}

impl Search {
    /// The places that this process looks in.
    pub fn from_process(explicit: Option<&Path>) -> Self {
        Self {
            explicit: explicit.map(Path::to_path_buf),
            variable: env::var_os(PATH_VARIABLE)
                .filter(|value| !value.is_empty())
                .map(PathBuf::from),
            executable_dir: env::current_exe()
                .ok()
                .and_then(|exe| exe.parent().map(Path::to_path_buf)),
            current_dir: env::current_dir().ok(),
        }
    }

    /// Looks through the places in order.
    ///
    /// # Errors
    /// [`InferError::RuntimeMissing`] if a path that somebody named is not
    /// there: a named library is never silently replaced by another.
    pub fn run(&self) -> Result<Found, InferError> {
        let named = [
            (&self.explicit, "explicit option"),
            (&self.variable, PATH_VARIABLE),
        ];
        for (path, origin) in named {
            let Some(path) = path else { continue };
            let library = if path.is_dir() {
                library_in(path)
            } else {
                Some(path.clone())
            };
            return library
                .filter(|library| library.is_file())
                .map(|library| Found::File(std::path::absolute(&library).unwrap_or(library)))
                .ok_or_else(|| InferError::RuntimeMissing {
                    path: path.clone(),
                    origin,
                });
        }

        for folder in self.folders() {
            if let Some(library) = library_in(&folder) {
                return Ok(Found::File(library));
            }
        }
        Ok(Found::Nowhere {
            searched: self.searched(),
        })
    }

    /// Where it is looked for when no path was named, for messages.
    fn searched(&self) -> Vec<String> {
        let folders = self.folders();
        let folders = folders.iter().map(|folder| folder.display().to_string());
        folders
            .chain(["the system's library path".to_owned()])
            .collect()
    }

    /// Folders to look in when no path was named.
    fn folders(&self) -> Vec<PathBuf> {
        let mut folders = Vec::new();
        if let Some(dir) = &self.executable_dir {
            folders.push(dir.clone());
            if let Some(parent) = dir.parent() {
                folders.push(parent.join("lib"));
            }
        }
        for start in [&self.executable_dir, &self.current_dir]
            .into_iter()
            .flatten()
        {
            let project = start
                .ancestors()
                .map(|dir| dir.join(PROJECT_FOLDER))
                .find(|dir| dir.is_dir());
            folders.extend(project.filter(|dir| !folders.contains(dir)));
        }
        folders
    }
}

/// The places that this process looks in, in order; `explicit` as in
/// [`Search::explicit`].
pub(crate) fn places(explicit: Option<&Path>) -> Vec<String> {
    let search = Search::from_process(explicit);
    let named = [
        ("explicit option", &search.explicit),
        (PATH_VARIABLE, &search.variable),
    ];
    let named = named.into_iter().map(|(origin, path)| match path {
        Some(path) => format!("{origin} ({})", path.display()),
        None => format!("{origin} (not given)"),
    });
    named.chain(search.searched()).collect()
}

/// File name by which the system's loader knows the library.
pub(super) fn system_name() -> String {
    format!("{DLL_PREFIX}onnxruntime{DLL_SUFFIX}")
}

/// The library in `folder`: `libonnxruntime.so` or the newest
/// `libonnxruntime.so.X.Y.Z` (macOS: `libonnxruntime.X.Y.Z.dylib`).
fn library_in(folder: &Path) -> Option<PathBuf> {
    let exact = folder.join(system_name());
    if exact.is_file() {
        return Some(exact);
    }
    fs::read_dir(folder)
        .ok()?
        .filter_map(|entry| {
            let path = entry.ok()?.path();
            let version = version_in(path.file_name()?.to_str()?)?;
            path.is_file().then_some((version, path))
        })
        .max()
        .map(|(_, path)| path)
}

/// The version in a library's file name, or `None` for any other file (such
/// as `libonnxruntime_providers_shared.so`).
fn version_in(name: &str) -> Option<Vec<u32>> {
    let rest = name.strip_prefix(DLL_PREFIX)?.strip_prefix("onnxruntime")?;
    let version = match rest.strip_prefix(DLL_SUFFIX) {
        Some(version) => version,
        None => rest.strip_suffix(DLL_SUFFIX)?,
    };
    version
        .strip_prefix('.')?
        .split('.')
        .map(|part| part.parse().ok())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn touch(path: &Path) {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, b"").unwrap();
    }

    fn versioned(version: &str) -> String {
        format!("{}.{version}", system_name())
    }

    #[test]
    fn places_are_tried_in_the_documented_order() {
        let temporary = tempfile::tempdir().unwrap();
        let root = temporary.path();
        let mut search = Search {
            executable_dir: Some(root.join("install/bin")),
            current_dir: Some(root.join("project/some/folder")),
            ..Search::default()
        };
        assert!(
            matches!(search.run().unwrap(), Found::Nowhere { searched } if searched.len() == 3)
        );

        let expect = |path: PathBuf, search: &Search| {
            touch(&path);
            assert_eq!(search.run().unwrap(), Found::File(path));
        };
        expect(
            root.join("project/.onnxruntime").join(versioned("1.28.0")),
            &search,
        );
        expect(
            root.join("install/.onnxruntime").join(versioned("1.28.0")),
            &search,
        );
        expect(root.join("install/lib").join(versioned("1.28.0")), &search);
        expect(root.join("install/bin").join(system_name()), &search);
        search.variable = Some(root.join("variable.so"));
        expect(root.join("variable.so"), &search);
        search.explicit = Some(root.join("explicit.so"));
        expect(root.join("explicit.so"), &search);
    }

    #[test]
    fn a_named_path_may_be_a_folder() {
        let temporary = tempfile::tempdir().unwrap();
        let library = temporary.path().join(versioned("1.28.0"));
        touch(&library);
        let search = Search {
            explicit: Some(temporary.path().to_path_buf()),
            ..Search::default()
        };
        assert_eq!(search.run().unwrap(), Found::File(library));
    }

    #[test]
    fn a_named_path_that_is_missing_is_an_error_even_if_others_exist() {
        let temporary = tempfile::tempdir().unwrap();
        touch(&temporary.path().join(system_name()));
        let search = Search {
            variable: Some(temporary.path().join("nothing.so")),
            executable_dir: Some(temporary.path().to_path_buf()),
            ..Search::default()
        };
        let error = search.run().unwrap_err();
        assert!(
            matches!(
                error,
                InferError::RuntimeMissing {
                    origin: "ORT_DYLIB_PATH",
                    ..
                }
            ),
            "{error}"
        );
    }

    #[test]
    fn the_newest_version_wins_and_provider_libraries_are_passed_over() {
        let temporary = tempfile::tempdir().unwrap();
        for name in [
            versioned("1.9.0"),
            versioned("1.28.0"),
            format!("{DLL_PREFIX}onnxruntime_providers_shared{DLL_SUFFIX}"),
        ] {
            touch(&temporary.path().join(name));
        }
        assert_eq!(
            library_in(temporary.path()),
            Some(temporary.path().join(versioned("1.28.0")))
        );
    }
}
