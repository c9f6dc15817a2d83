//! Finding class folders and their images.

use std::ffi::OsStr;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::DatasetError;

/// Extensions of image files, lower case: the formats that are compiled in.
const EXTENSIONS: [&str; 12] = [
    "jpg", "jpeg", "png", "bmp", "gif", "webp", "tif", "tiff", "ppm", "pgm", "pbm", "pnm",
];

/// Folders below a class folder that are searched: links can make a loop.
const MAX_DEPTH: usize = 16;

/// The images of one class.
#[derive(Debug)]
pub(super) struct ClassFolder {
    /// The folder's name.
    pub name: String,
    /// At least one image file, relative to the data set's root, sorted.
    pub files: Vec<PathBuf>,
}

/// The class folders in `root/folder`, sorted by name.
pub(super) fn class_folders(root: &Path, folder: &Path) -> Result<Vec<ClassFolder>, DatasetError> {
    subfolders(&below(root, folder))?
        .into_iter()
        .map(|name| {
            let class = folder.join(&name);
            let mut files = Vec::new();
            collect_images(root, &class, MAX_DEPTH, &mut files)?;
            files.sort_unstable();
            if files.is_empty() {
                return Err(DatasetError::EmptyClass {
                    class: name,
                    place: root.join(class).display().to_string(),
                });
            }
            Ok(ClassFolder { name, files })
        })
        .collect()
}

/// `root/folder`, or `root` itself for the empty path, to which `join` would
/// add a slash.
pub(super) fn below(root: &Path, folder: &Path) -> PathBuf {
    if folder.as_os_str().is_empty() {
        root.to_path_buf()
    } else {
        root.join(folder)
    }
}

/// Names of the folders in `folder`, sorted by their bytes, without hidden ones.
pub(super) fn subfolders(folder: &Path) -> Result<Vec<String>, DatasetError> {
    let mut names = Vec::new();
    for path in visible(folder)? {
        if path.is_dir() {
            let name = path.file_name().and_then(OsStr::to_str).map(str::to_owned);
            names.push(name.ok_or(DatasetError::NotUnicode { path })?);
        }
    }
    names.sort_unstable();
    Ok(names)
}

/// Whether `folder` is a folder with folders in it.
pub(super) fn has_folders(folder: &Path) -> Result<bool, DatasetError> {
    Ok(folder.is_dir() && !subfolders(folder)?.is_empty())
}

fn collect_images(
    root: &Path,
    folder: &Path,
    depth: usize,
    files: &mut Vec<PathBuf>,
) -> Result<(), DatasetError> {
    for path in visible(&root.join(folder))? {
        // `visible` joins names to its folder, so there always is one.
        let relative = folder.join(path.file_name().unwrap_or_default());
        if path.is_dir() {
            if depth == 0 {
                return Err(DatasetError::Io {
                    action: "search",
                    path,
                    source: io::Error::other("folders are nested too deep (a link in a circle?)"),
                });
            }
            collect_images(root, &relative, depth - 1, files)?;
        } else if has_image_extension(&path) {
            files.push(relative);
        }
    }
    Ok(())
}

/// Paths of a folder's entries whose names do not start with a dot.
fn visible(folder: &Path) -> Result<Vec<PathBuf>, DatasetError> {
    let read = || -> io::Result<Vec<PathBuf>> {
        fs::read_dir(folder)?
            .map(|entry| entry.map(|entry| entry.path()))
            .filter(|path| !path.as_ref().is_ok_and(|path| is_hidden(path)))
            .collect()
    };
    read().map_err(DatasetError::io("read", folder))
}

fn is_hidden(path: &Path) -> bool {
    path.file_name()
        .is_some_and(|name| name.as_encoded_bytes().starts_with(b"."))
}

/// Whether the file's extension is one of the formats that can be decoded, in
/// upper or lower case.
pub fn has_image_extension(path: &Path) -> bool {
    path.extension()
        .and_then(OsStr::to_str)
        .is_some_and(|extension| EXTENSIONS.contains(&extension.to_ascii_lowercase().as_str()))
}
