//! Folders of photos, one folder a class, as torchvision's `ImageFolder` and
//! Ultralytics' classification data sets have them:
//!
//! ```text
//! flowers/train/rose/1.jpg      flowers/rose/1.jpg
//! flowers/train/tulip/2.jpg     flowers/tulip/2.jpg
//! flowers/val/rose/3.jpg
//! flowers/test/rose/4.jpg
//! ```
//!
//! On the left, a folder of splits, by their names in upper or lower case: `train` or
//! `training`, optionally `test` or `testing`, and `val`, `valid`, `validation`, `dev` or
//! `eval`; of several words the last one counts (`seg_train`). On the right, one tree,
//! which becomes `train`; take a test split from it with
//! [`Dataset::hold_out_test`](crate::Dataset::hold_out_test). A root whose `train` has folders
//! in it is the former.
//!
//! Classes are the names of the class folders of `train`, numbers in them by their value
//! (1, 2, 10); another split may lack some. Images are looked for in class folders at any
//! depth, by extension or, where that names no format, by their first bytes; hidden files
//! are ignored. Links are followed. [`Dataset::notes`](crate::Dataset::notes) says what is left
//! out: pictures in formats that are not read, folders without any.
//!
//! [`Dataset::sha256`](crate::Dataset::sha256) is the SHA-256 over the images of all splits,
//! sorted by their paths relative to the root: for each, the path's bytes with `/` between
//! components, a zero byte, and the 32-byte SHA-256 of the file's contents. To know it, every
//! file is read once when the data set is opened, on all cores: about as long as it takes to
//! copy the files, some 0.5 to 2 GB a second from memory.

mod kind;
mod layout;
mod scan;
#[cfg(test)]
mod tests;
mod unread;

use std::path::{Path, PathBuf};

use crate::DatasetError;
use crate::found::{Found, FoundSplit, Purpose};

pub use kind::FileKind;
pub(crate) use kind::{READ, unread_format};
pub(crate) use scan::natural_order;

use layout::Layout;
use scan::{Scanned, below, scan};

/// Finds the images of a folder; reads and decodes none.
///
/// # Errors
/// [`DatasetError::FolderNotFound`], [`DatasetError::TooFewClasses`],
/// [`DatasetError::SplitsWithoutClasses`], [`DatasetError::MissingTrain`],
/// [`DatasetError::AmbiguousSplit`], [`DatasetError::UnreadClass`],
/// [`DatasetError::NotUnicode`], [`DatasetError::Io`].
pub(crate) fn find(root: &Path, purpose: Purpose) -> Result<Found, DatasetError> {
    let layout = Layout::of(root)?;
    if layout.train.is_none() && purpose == Purpose::Training {
        return Err(DatasetError::MissingTrain {
            path: root.to_path_buf(),
            split: layout.any_split().unwrap_or_default(),
        });
    }
    let folders = [&layout.train, &layout.val, &layout.test];
    let mut splits = Vec::with_capacity(folders.len());
    for folder in folders {
        splits.push(match folder {
            Some(folder) => scan(root, folder)?,
            None => Scanned::default(),
        });
    }
    let nothing = splits.iter().all(|split| split.found.classes.is_empty());
    if purpose == Purpose::Training || nothing {
        layout.check_classes(root, &splits[0])?;
    }
    let mut found = Found {
        root: root.to_path_buf(),
        name: name(root),
        notes: layout.notes.clone(),
        splits: Default::default(),
        told_by_paths: true,
    };
    for ((place, folder), scanned) in found.splits.iter_mut().zip(folders).zip(splits) {
        let Some(folder) = folder else { continue };
        let path = below(root, folder);
        found.notes.extend(scanned.notes(&path));
        *place = FoundSplit {
            place: Some(path),
            ..scanned.found
        };
    }
    Ok(found)
}

/// The folder's own name, also for `.` and paths that end in `..`.
pub(crate) fn name(root: &Path) -> String {
    let full: Option<PathBuf> = root.canonicalize().ok();
    let name = full.as_deref().unwrap_or(root).file_name();
    name.map_or_else(
        || "folder".into(),
        |name| name.to_string_lossy().into_owned(),
    )
}
