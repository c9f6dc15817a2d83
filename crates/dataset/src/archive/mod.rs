//! Archives of a folder of pictures: `.zip`, `.tar` and `.tar.gz`.
//!
//! One is unpacked once, to `unpacked/HASH/NAME` in the folder of data sets, where HASH begins
//! the SHA-256 of the archive and NAME is its name; later runs find it there. What comes out is
//! read as a folder ([`crate::folder`]), so that everything is as if the folder itself had been
//! given. A folder that everything in the archive lies in is left out.
//!
//! An archive is refused whole for a member that would be written elsewhere (`..`, absolute),
//! that is a link or encrypted, or that is there twice, and where it unpacks to more than
//! [`MOST_TIMES`] its size and more than [`ALWAYS_ALLOWED`] bytes.

mod member;
mod tar;
#[cfg(test)]
mod tests;
mod zip;

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use contract::fs::open_regular;

use crate::names::{SplitName, is_litter};
use crate::{DatasetError, hash};
use member::Target;

/// How many times its own size an archive may unpack to: pictures are compressed already.
pub const MOST_TIMES: u64 = 100;

/// Bytes that every archive may unpack to.
pub const ALWAYS_ALLOWED: u64 = 1 << 30;

/// Hexadecimal digits of the hash in the folder's name.
const DIGITS: usize = 16;

/// A form of archives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ArchiveKind {
    Zip,
    Tar,
    TarGz,
}

impl ArchiveKind {
    /// Looks at the first bytes of a file.
    pub fn by_content(head: &[u8]) -> Option<Self> {
        match head {
            // A local file header, or the end of an empty archive (APPNOTE.TXT 4.3).
            [b'P', b'K', 3 | 5, ..] => Some(Self::Zip),
            [0x1f, 0x8b, ..] => Some(Self::TarGz),
            _ if head.get(257..262) == Some(b"ustar") => Some(Self::Tar),
            _ => None,
        }
    }
}

/// An archive on disk.
#[derive(Debug)]
pub(crate) struct Unpacked {
    /// What lay in it.
    pub folder: PathBuf,
    /// Whether it was unpacked now.
    pub is_new: bool,
}

/// Unpacks `archive` below `data_dir`, if it is not there: whole or not at all.
///
/// # Errors
/// [`DatasetError::UnsafeMember`], [`DatasetError::BadArchive`], [`DatasetError::Io`].
pub(crate) fn unpacked(
    archive: &Path,
    kind: ArchiveKind,
    data_dir: &Path,
) -> Result<Unpacked, DatasetError> {
    let sha256 = hash::sha256_file(archive).map_err(DatasetError::io("read", archive))?;
    let place = data_dir.join("unpacked");
    let home = place.join(&hash::hex(&sha256)[..DIGITS]);
    let contents = home.join(stem(archive));
    let is_new = !contents.is_dir();
    if is_new {
        fs::create_dir_all(&home).map_err(DatasetError::io("create", &home))?;
        // Of two processes one unpacks. A part that a killed one left is begun anew.
        let lock_path = home.join(".lock");
        let lock = File::create(&lock_path).map_err(DatasetError::io("create", &lock_path))?;
        lock.lock().map_err(DatasetError::io("lock", &lock_path))?;
        if !contents.is_dir() {
            let part = home.join(".part");
            unpack(archive, kind, &part).inspect_err(|_| drop(fs::remove_dir_all(&home)))?;
            fs::rename(&part, &contents).map_err(DatasetError::io("create", &contents))?;
        }
    }
    Ok(Unpacked {
        folder: inner(contents)?,
        is_new,
    })
}

fn unpack(archive: &Path, kind: ArchiveKind, part: &Path) -> Result<(), DatasetError> {
    if part.exists() {
        fs::remove_dir_all(part).map_err(DatasetError::io("remove", part))?;
    }
    fs::create_dir(part).map_err(DatasetError::io("create", part))?;
    let file = open_regular(archive).map_err(DatasetError::io("read", archive))?;
    let length = file.metadata().map_or(0, |metadata| metadata.len());
    let limit = length.saturating_mul(MOST_TIMES).max(ALWAYS_ALLOWED);
    let mut target = Target::new(archive, part, limit);
    match kind {
        ArchiveKind::Zip => zip::unpack(file, &mut target),
        ArchiveKind::Tar => tar::unpack(file, &mut target),
        ArchiveKind::TarGz => tar::unpack(tar::gunzip(file), &mut target),
    }
}

/// The folder in `folder`, if there is nothing else in it and it is no split.
fn inner(folder: PathBuf) -> Result<PathBuf, DatasetError> {
    let entries = fs::read_dir(&folder).map_err(DatasetError::io("read", &folder))?;
    let mut names = entries
        .flatten()
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .filter(|name| !is_litter(&folder.join(name), name));
    Ok(match (names.next(), names.next()) {
        (Some(only), None) if SplitName::of(&only).is_none() && folder.join(&only).is_dir() => {
            folder.join(only)
        }
        _ => folder,
    })
}

/// The archive's name without its extension, which is `.tar.gz` as a whole.
pub(crate) fn stem(archive: &Path) -> String {
    let name = archive.file_name().unwrap_or_default().to_string_lossy();
    let lower = name.to_ascii_lowercase();
    let extensions = [".tar.gz", ".tgz", ".tar", ".zip"];
    let extension = extensions.iter().find(|end| lower.ends_with(**end));
    let stem = &name[..name.len() - extension.map_or(0, |end| end.len())];
    match stem.trim_start_matches('.') {
        "" => "archive".to_owned(),
        stem => stem.to_owned(),
    }
}
