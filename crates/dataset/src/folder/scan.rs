//! Finding class folders and their images.

use std::cmp::Ordering;
use std::ffi::OsStr;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::kind::FileKind;
use super::layout::are;
use super::unread::Unread;
use crate::DatasetError;
use crate::found::FoundSplit;
use crate::names::is_litter;

/// Folders below a class folder that are searched: links can make a loop.
const MAX_DEPTH: usize = 16;

/// What a split's folder holds.
#[derive(Debug, Default)]
pub(super) struct Scanned {
    /// Folders with pictures.
    pub found: FoundSplit,
    /// Names of folders without any.
    pub empty: Vec<String>,
    /// Names of folders that were not looked into, see [`is_litter`].
    pub litter: Vec<String>,
    /// Pictures in formats that are not read.
    pub unread: Unread,
    /// Pictures that lie beside the class folders, in none of them.
    pub beside: usize,
}

impl Scanned {
    /// Says what is left out of the split that lies at `path`.
    pub fn notes(&self, path: &Path) -> Vec<String> {
        let path = path.display();
        let mut notes = Vec::new();
        if !self.litter.is_empty() {
            notes.push(format!("{path}: {} left out", are(&self.litter)));
        }
        if !self.empty.is_empty() {
            let empty = are(&self.empty);
            notes.push(format!("{path}: {empty} without a picture, and no class"));
        }
        match self.beside {
            0 => {}
            1 => notes.push(format!(
                "{path}: 1 picture lies in no class folder and is left out"
            )),
            beside => notes.push(format!(
                "{path}: {beside} pictures lie in no class folder and are left out"
            )),
        }
        if !self.unread.is_empty() {
            notes.push(format!(
                "{path}: left out, in formats that are not read: {}; convert them to JPEG or PNG",
                self.unread
            ));
        }
        notes
    }
}

/// Looks for class folders in `root/folder`.
///
/// # Errors
/// [`DatasetError::UnreadClass`] for a folder whose pictures can all not be read,
/// [`DatasetError::NotUnicode`], [`DatasetError::Io`].
pub(super) fn scan(root: &Path, folder: &Path) -> Result<Scanned, DatasetError> {
    let mut scanned = Scanned::default();
    let (folders, files) = visible(&below(root, folder))?
        .into_iter()
        .partition::<Vec<_>, _>(|path| path.is_dir());
    for path in files {
        match FileKind::of(&path) {
            FileKind::Picture => scanned.beside += 1,
            FileKind::Unread => scanned.unread.add(path.strip_prefix(root).unwrap_or(&path)),
            FileKind::Other => {}
        }
    }
    for name in sorted_names(folders)? {
        let class = folder.join(&name);
        if is_litter(&root.join(&class), &name) {
            scanned.litter.push(name);
            continue;
        }
        let (mut files, mut unread) = (Vec::new(), Unread::default());
        collect_images(root, &class, MAX_DEPTH, &mut files, &mut unread)?;
        files.sort_unstable();
        match (files.is_empty(), unread.is_empty()) {
            (true, true) => scanned.empty.push(name),
            (true, false) => {
                return Err(DatasetError::UnreadClass {
                    class: name,
                    place: root.join(class),
                    unread: unread.to_string(),
                });
            }
            (false, _) => scanned.found.add(&name, files),
        }
        scanned.unread.extend(unread);
    }
    Ok(scanned)
}

/// Compares names as people number things: `2` goes before `10`. Runs of digits by their
/// value, all else by its bytes; equal ones by all their bytes.
pub(crate) fn natural_order(a: &str, b: &str) -> Ordering {
    let (mut left, mut right) = (a.as_bytes(), b.as_bytes());
    while let (Some(l), Some(r)) = (left.first(), right.first()) {
        if l.is_ascii_digit() && r.is_ascii_digit() {
            let (l, r) = (number(&mut left), number(&mut right));
            // Without leading zeros the longer number is the larger one.
            match l.len().cmp(&r.len()).then(l.cmp(r)) {
                Ordering::Equal => {}
                other => return other,
            }
        } else if l == r {
            (left, right) = (&left[1..], &right[1..]);
        } else {
            return l.cmp(r);
        }
    }
    left.len().cmp(&right.len()).then_with(|| a.cmp(b))
}

/// Takes the digits that `text` begins with; leading zeros are left out of what is returned.
fn number<'a>(text: &mut &'a [u8]) -> &'a [u8] {
    let end = text.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let (digits, rest) = text.split_at(end);
    *text = rest;
    let zeros = digits.iter().take_while(|&&digit| digit == b'0').count();
    &digits[zeros..]
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
    let mut folders = visible(folder)?;
    folders.retain(|path| path.is_dir());
    sorted_names(folders)
}

fn sorted_names(paths: Vec<PathBuf>) -> Result<Vec<String>, DatasetError> {
    let name = |path: PathBuf| {
        let name = path.file_name().and_then(OsStr::to_str).map(str::to_owned);
        name.ok_or(DatasetError::NotUnicode { path })
    };
    let mut names = paths.into_iter().map(name).collect::<Result<Vec<_>, _>>()?;
    names.sort_unstable();
    Ok(names)
}

fn collect_images(
    root: &Path,
    folder: &Path,
    depth: usize,
    files: &mut Vec<PathBuf>,
    unread: &mut Unread,
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
            collect_images(root, &relative, depth - 1, files, unread)?;
            continue;
        }
        match FileKind::of(&path) {
            FileKind::Picture => files.push(relative),
            FileKind::Unread => unread.add(&relative),
            FileKind::Other => {}
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_in_names_count() {
        let mut names = ["10", "b2", "2", "a", "b10", "01", "1", "b", "b2c"];
        names.sort_by(|a, b| natural_order(a, b));
        assert_eq!(names, ["01", "1", "2", "10", "a", "b", "b2", "b2c", "b10"]);
    }
}
