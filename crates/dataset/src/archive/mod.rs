//! Archives of a folder of pictures: `.zip`, `.tar` and `.tar.gz`.
//!
//! One is unpacked once, into the folder of data sets; later runs find it there. What comes out is
//! read as a folder ([`crate::folder`]), so that everything is as if the folder itself had been
//! given. A folder that everything in the archive lies in is left out.
//!
//! An archive is refused whole for a member that would be written elsewhere (`..`, absolute),
//! that is a link or encrypted, or that is there twice, and where it unpacks to more than a
//! hundred times its size and more than 1 GiB.

mod member;
mod tar;
#[cfg(test)]
mod tests;
mod zip;

use std::fs;
use std::path::{Path, PathBuf};

use contract::fs::open_regular;

use crate::DatasetError;
use crate::names::{SplitName, is_litter};
use crate::unpacked::{Unpacked, unpacked};
use member::Target;

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

/// Unpacks `archive` below `data_dir`, if it is not there: whole or not at all.
///
/// # Errors
/// [`DatasetError::UnsafeMember`], [`DatasetError::BadArchive`], [`DatasetError::Io`].
pub(crate) fn unpack(
    archive: &Path,
    kind: ArchiveKind,
    data_dir: &Path,
) -> Result<Unpacked, DatasetError> {
    let files = [archive.to_path_buf()];
    let unpacked = unpacked(&files, &stem(archive), data_dir, |part, limit| {
        let file = open_regular(archive).map_err(DatasetError::io("read", archive))?;
        let mut target = Target::new(archive, part, limit);
        match kind {
            ArchiveKind::Zip => zip::unpack(file, &mut target),
            ArchiveKind::Tar => tar::unpack(file, &mut target),
            ArchiveKind::TarGz => tar::unpack(tar::gunzip(file), &mut target),
        }
    })?;
    Ok(Unpacked {
        folder: inner(unpacked.folder)?,
        ..unpacked
    })
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
    let extensions = [".tar.gz", ".tgz", ".tar", ".zip", ".parquet"];
    let extension = extensions.iter().find(|end| lower.ends_with(**end));
    let stem = &name[..name.len() - extension.map_or(0, |end| end.len())];
    match stem.trim_start_matches('.') {
        "" => "archive".to_owned(),
        stem => stem.to_owned(),
    }
}
