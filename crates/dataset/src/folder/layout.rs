//! Where the splits of a folder lie.

use std::path::{Path, PathBuf};

use super::kind::extension;
use super::scan::{Scanned, below, subfolders};
use crate::DatasetError;
use crate::names::{SplitName, listed};

/// Where the splits lie, relative to the root, and what lies beside them.
#[derive(Debug, Default)]
pub(super) struct Layout {
    /// Empty for one tree, which is the root itself.
    pub train: Option<PathBuf>,
    pub val: Option<PathBuf>,
    pub test: Option<PathBuf>,
    pub notes: Vec<String>,
}

impl Layout {
    /// Looks at the names of the folders in `root`.
    ///
    /// # Errors
    /// [`DatasetError::FolderNotFound`], [`DatasetError::AmbiguousSplit`], [`DatasetError::NotUnicode`], [`DatasetError::Io`].
    pub fn of(root: &Path) -> Result<Self, DatasetError> {
        let path = root.to_path_buf();
        if !root.is_dir() {
            return Err(DatasetError::FolderNotFound { path });
        }
        let mut layout = Self::default();
        let mut others = Vec::new();
        for name in subfolders(root)? {
            let split = SplitName::of(&name);
            let found = match split {
                Some(split) => split_folder(root, &name, split)?,
                None => None,
            };
            let (Some(split), Some(found)) = (split, found) else {
                others.push(name);
                continue;
            };
            let place = match split {
                SplitName::Train => &mut layout.train,
                SplitName::Val => &mut layout.val,
                SplitName::Test => &mut layout.test,
            };
            if let Some(first) = place.replace(found) {
                return Err(DatasetError::AmbiguousSplit {
                    path,
                    first: first_name(&first),
                    second: name,
                });
            }
        }
        if layout.any_split().is_none() {
            layout.train = Some(PathBuf::new());
            return Ok(layout);
        }
        if !others.is_empty() {
            layout.notes.push(format!(
                "{}: {} not of a split and left out",
                root.display(),
                are(&others)
            ));
        }
        Ok(layout)
    }

    /// The name of one of the folders of splits; `None` for one tree.
    pub fn any_split(&self) -> Option<String> {
        [&self.train, &self.val, &self.test]
            .into_iter()
            .flatten()
            .map(|folder| first_name(folder))
            .find(|name| !name.is_empty())
    }

    /// Checks that what was found in `train` can be told apart.
    ///
    /// # Errors
    /// [`DatasetError::TooFewClasses`], [`DatasetError::SplitsWithoutClasses`].
    pub fn check_classes(&self, root: &Path, train: &Scanned) -> Result<(), DatasetError> {
        let folder = below(root, self.train.as_deref().unwrap_or(Path::new("")));
        let names: Vec<&String> = train
            .found
            .classes
            .iter()
            .map(|class| &class.name)
            .collect();
        if names.len() < 2 {
            return Err(DatasetError::TooFewClasses {
                instead: wrapped(&folder).or_else(|| only_table(&folder)),
                path: folder,
                found: names.len(),
            });
        }
        // Pictures right in train/ and test/: their classes would be "train" and "test".
        match names.iter().all(|name| SplitName::of(name).is_some()) {
            true => Err(DatasetError::SplitsWithoutClasses {
                path: folder,
                names: listed(&names),
            }),
            false => Ok(()),
        }
    }
}

/// The folder with the class folders of a split called `name`: `seg_train/seg_train` where an
/// archive was unpacked into a folder of its own name. `None` for one without folders.
fn split_folder(
    root: &Path,
    name: &str,
    split: SplitName,
) -> Result<Option<PathBuf>, DatasetError> {
    let mut folder = PathBuf::from(name);
    loop {
        match subfolders(&root.join(&folder))?.as_slice() {
            [] => return Ok(None),
            [only] if SplitName::of(only) == Some(split) => folder.push(only),
            _ => return Ok(Some(folder)),
        }
    }
}

/// The one folder in `folder` that looks like a data set.
fn wrapped(folder: &Path) -> Option<PathBuf> {
    let looks_like_one = |path: &PathBuf| subfolders(path).is_ok_and(|names| names.len() >= 2);
    let names = subfolders(folder).ok()?;
    let mut inner = names
        .iter()
        .map(|name| folder.join(name))
        .filter(looks_like_one);
    match (inner.next(), inner.next()) {
        (Some(only), None) => Some(only),
        _ => None,
    }
}

/// The one table beside pictures that lie in no class folder.
fn only_table(folder: &Path) -> Option<PathBuf> {
    let entries = std::fs::read_dir(folder).ok()?.flatten();
    let is_table = |path: &PathBuf| extension(path).is_some_and(|end| end == "csv" || end == "tsv");
    let mut tables = entries.map(|entry| entry.path()).filter(is_table);
    match (tables.next(), tables.next()) {
        (Some(only), None) => Some(only),
        _ => None,
    }
}

fn first_name(folder: &Path) -> String {
    let first = folder.components().next();
    first.map_or_else(String::new, |first| {
        first.as_os_str().to_string_lossy().into_owned()
    })
}

/// Says `folder 'a' is` or `folders 'a' and 'b' are`.
pub(super) fn are(names: &[String]) -> String {
    let listed = listed(&names.iter().collect::<Vec<_>>());
    match names.len() {
        1 => format!("folder {listed} is"),
        _ => format!("folders {listed} are"),
    }
}
