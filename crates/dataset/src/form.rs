//! Which form data is in that is not built in: a folder, a table or an archive.

use std::ffi::OsStr;
use std::io::Read;
use std::path::Path;

use contract::fs::open_regular;

use crate::archive::{self, ArchiveKind};
use crate::found::{Found, Purpose};
use crate::{DatasetError, OpenOptions, folder, table};

/// Bytes that tell archives: tar's magic ends at 262 (POSIX.1-1988, ustar).
const HEAD: usize = 262;

/// A form of data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    Folder,
    Table,
    Archive(ArchiveKind),
    Parquet,
}

impl Form {
    /// Looks at what lies at `path`: a file is told by its first bytes, a table by its name.
    fn of(path: &Path) -> Result<Self, DatasetError> {
        if path.is_dir() {
            return Ok(match is_parquet(path) {
                true => Self::Parquet,
                false => Self::Folder,
            });
        }
        if !path.exists() {
            return Err(DatasetError::FolderNotFound {
                path: path.to_path_buf(),
            });
        }
        let mut head = Vec::with_capacity(HEAD);
        open_regular(path)
            .and_then(|file| file.take(HEAD as u64).read_to_end(&mut head))
            .map_err(DatasetError::io("read", path))?;
        if let Some(kind) = ArchiveKind::by_content(&head) {
            return Ok(Self::Archive(kind));
        }
        if head.starts_with(b"PAR1") {
            return Ok(Self::Parquet);
        }
        match is_table(path) {
            true => Ok(Self::Table),
            false => Err(DatasetError::UnknownForm {
                path: path.to_path_buf(),
            }),
        }
    }
}

/// Whether a folder holds a data set in Parquet files. A build without them reads it as a folder
/// of pictures, and finds none.
fn is_parquet(folder: &Path) -> bool {
    #[cfg(feature = "parquet")]
    return !crate::parquet::files_in(folder).is_empty();
    #[cfg(not(feature = "parquet"))]
    {
        let _ = folder;
        false
    }
}

fn is_table(path: &Path) -> bool {
    let extension = path.extension().and_then(OsStr::to_str);
    extension
        .is_some_and(|name| ["csv", "tsv", "txt"].contains(&name.to_ascii_lowercase().as_str()))
}

/// Finds the images of a folder, a table, an archive or Parquet files, which are unpacked where
/// data sets are kept.
///
/// # Errors
/// [`DatasetError::FolderNotFound`], [`DatasetError::UnknownForm`], and those of
/// [`folder::find`], [`table::find`] and [`archive::unpack`].
pub(crate) fn find(
    path: &Path,
    purpose: Purpose,
    options: &OpenOptions,
) -> Result<Found, DatasetError> {
    match Form::of(path)? {
        Form::Folder => folder::find(path, purpose),
        Form::Table => table::find(path, purpose),
        #[cfg(feature = "parquet")]
        Form::Parquet => {
            let (files, name) = match path.is_dir() {
                true => (crate::parquet::files_in(path), folder::name(path)),
                false => (vec![path.to_path_buf()], archive::stem(path)),
            };
            crate::parquet::find(&files, &name, purpose, &options.data_dir)
        }
        #[cfg(not(feature = "parquet"))]
        Form::Parquet => Err(DatasetError::UnknownForm {
            path: path.to_path_buf(),
        }),
        Form::Archive(kind) => {
            let unpacked = archive::unpack(path, kind, &options.data_dir)?;
            let mut found = folder::find(&unpacked.folder, purpose)?;
            found.name = archive::stem(path);
            if unpacked.is_new {
                let (path, folder) = (path.display(), unpacked.folder.display());
                let note = format!("{path} is unpacked to {folder}, where it stays");
                found.notes.insert(0, note);
            }
            Ok(found)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn contents_tell_archives_and_names_tables() {
        let root = tempfile::tempdir().unwrap();
        let form = |name: &str, bytes: &[u8]| {
            let path = root.path().join(name);
            std::fs::write(&path, bytes).unwrap();
            Form::of(&path)
        };
        for (name, bytes, expected) in [
            ("a.csv", &b"a.jpg,cat"[..], Form::Table),
            ("a.TSV", b"", Form::Table),
            ("photos", b"PK\x03\x04", Form::Archive(ArchiveKind::Zip)),
            (
                "photos.csv",
                b"\x1f\x8b\x08",
                Form::Archive(ArchiveKind::TarGz),
            ),
        ] {
            assert_eq!(form(name, bytes).unwrap(), expected, "{name}");
        }
        let mut tar = vec![0; 512];
        tar[257..262].copy_from_slice(b"ustar");
        let of_tar = form("a", &tar).unwrap();
        assert_eq!(of_tar, Form::Archive(ArchiveKind::Tar));
        let error = form("a.jpg", b"\xff\xd8").unwrap_err();
        assert!(error.to_string().contains("a.jpg: is a file"), "{error}");
        assert_eq!(Form::of(root.path()).unwrap(), Form::Folder);
        assert!(Form::of(&root.path().join("gone")).is_err());
    }
}
