//! Where the ONNX Runtime shared library is looked for.
//!
//! A library is code that runs with the user's rights, so none is taken from a
//! place that merely lies around the data: the current folder and those above it
//! are not looked at. In this order: explicit option, `ORT_DYLIB_PATH`, beside the
//! program and in `../lib`, `.onnxruntime/` (which `tools/onnxruntime.sh` fills) of
//! the checkout in whose `target/` the program lies, the user's data folder
//! (`$XDG_DATA_HOME/infer`, else `~/.local/share/infer`), the system's loader.

use std::env;
use std::env::consts::{DLL_PREFIX, DLL_SUFFIX};
use std::fs;
use std::path::{Path, PathBuf};

use contract::places;

use crate::InferError;

/// Environment variable with the path of the library.
const PATH_VARIABLE: &str = "ORT_DYLIB_PATH";
/// Folder of a checkout with the library; git ignores it.
const CHECKOUT_FOLDER: &str = ".onnxruntime";
/// Folder of the user's data folder with the library.
const USER_FOLDER: &str = "infer";

/// Where to look; filled from the process by [`Search::from_process`].
#[derive(Debug, Default)]
pub(super) struct Search {
    /// Library or folder given by the caller.
    pub explicit: Option<PathBuf>,
    /// Value of `ORT_DYLIB_PATH`.
    pub variable: Option<PathBuf>,
    /// The running program's file, symbolic links resolved: a link to a program
    /// does not move it.
    pub executable: Option<PathBuf>,
    /// The user's data folder.
    pub user_data: Option<PathBuf>,
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
            executable: places::program(),
            user_data: places::user_data(),
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

        let safe = |place: &&Place| place.open_to_everyone().is_none();
        let found = self
            .places()
            .iter()
            .filter(safe)
            .find_map(|place| library_in(&place.folder));
        Ok(match found {
            Some(library) => Found::File(library),
            None => Found::Nowhere {
                searched: self.searched(),
            },
        })
    }

    /// Where it is looked for when no path was named, for messages.
    fn searched(&self) -> Vec<String> {
        let places = self.places();
        let places = places.iter().map(|place| match place.open_to_everyone() {
            None => place.folder.display().to_string(),
            Some(open) => format!(
                "{} (passed over: everyone may write to {})",
                place.folder.display(),
                open.display()
            ),
        });
        places
            .chain(["the system's library path".to_owned()])
            .collect()
    }

    /// Places to look in when no path was named.
    fn places(&self) -> Vec<Place> {
        let mut places = Vec::new();
        if let Some(folder) = self.executable.as_deref().and_then(Path::parent) {
            places.push(Place::new(folder, ""));
            places.extend(folder.parent().map(|parent| Place::new(parent, "lib")));
        }
        let checkout = self.executable.as_deref().and_then(places::checkout_of);
        places.extend(checkout.map(|checkout| Place::new(checkout, CHECKOUT_FOLDER)));
        let user_data = self.user_data.as_deref();
        places.extend(user_data.map(|folder| Place::new(folder, USER_FOLDER)));
        places
    }
}

/// A folder that is looked in without having been named by anybody.
struct Place {
    /// The folder that this place was derived from.
    base: PathBuf,
    /// Where the library is looked for: the base, or a folder in it.
    folder: PathBuf,
}

impl Place {
    fn new(base: &Path, folder: &str) -> Self {
        Self {
            base: base.to_path_buf(),
            // Joining "" would add a slash.
            folder: if folder.is_empty() {
                base.to_path_buf()
            } else {
                base.join(folder)
            },
        }
    }

    /// A folder in which anybody could have put the library, as in `/tmp`.
    fn open_to_everyone(&self) -> Option<&Path> {
        [&*self.base, &*self.folder]
            .into_iter()
            .find(|folder| everyone_may_write(folder))
    }
}

#[cfg(unix)]
fn everyone_may_write(folder: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt as _;

    fs::metadata(folder).is_ok_and(|metadata| metadata.permissions().mode() & 0o002 != 0)
}

/// Elsewhere permissions are not looked at.
#[cfg(not(unix))]
fn everyone_may_write(_folder: &Path) -> bool {
    false
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
        let checkout = root.join("checkout");
        touch(&checkout.join("Cargo.toml"));
        let mut search = Search {
            executable: Some(checkout.join("target/release/deps/program")),
            user_data: Some(root.join("share")),
            ..Search::default()
        };
        assert!(
            matches!(search.run().unwrap(), Found::Nowhere { searched } if searched.len() == 5)
        );

        let expect = |path: PathBuf, search: &Search| {
            touch(&path);
            assert_eq!(search.run().unwrap(), Found::File(path));
        };
        let library = versioned("1.28.0");
        expect(root.join("share/infer").join(&library), &search);
        expect(checkout.join(".onnxruntime").join(&library), &search);
        let release = checkout.join("target/release");
        expect(release.join("lib").join(&library), &search);
        expect(release.join("deps").join(system_name()), &search);
        search.variable = Some(root.join("variable.so"));
        expect(root.join("variable.so"), &search);
        search.explicit = Some(root.join("explicit.so"));
        expect(root.join("explicit.so"), &search);
    }

    #[cfg(unix)]
    #[test]
    fn a_folder_that_everyone_may_write_to_is_passed_over() {
        use std::os::unix::fs::PermissionsExt as _;

        let temporary = tempfile::tempdir().unwrap();
        let root = temporary.path().join("shared");
        let search = Search {
            executable: Some(root.join("bin/program")),
            ..Search::default()
        };
        // `../lib` need not be there for everyone to be able to make it.
        touch(&root.join("lib").join(system_name()));
        assert!(matches!(search.run().unwrap(), Found::File(_)));
        fs::set_permissions(&root, fs::Permissions::from_mode(0o1777)).unwrap();
        let Found::Nowhere { searched } = search.run().unwrap() else {
            panic!("the library was taken");
        };
        let passed_over = format!("(passed over: everyone may write to {})", root.display());
        assert!(searched[1].ends_with(&passed_over), "{searched:?}");
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
            executable: Some(temporary.path().join("program")),
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
