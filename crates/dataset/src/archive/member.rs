//! Where the members of an archive are written to.

use std::collections::HashSet;
use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Component, Path, PathBuf};

use fetch::one_line;

use crate::DatasetError;
use crate::hash::BUFFER;
use crate::names::shown;

/// A new folder that an archive's members go to.
pub(super) struct Target<'a> {
    archive: &'a Path,
    folder: &'a Path,
    limit: u64,
    left: u64,
    written: HashSet<PathBuf>,
}

impl<'a> Target<'a> {
    /// Receives members in `folder`, which is empty, up to `limit` bytes together.
    pub fn new(archive: &'a Path, folder: &'a Path, limit: u64) -> Self {
        Self {
            archive,
            folder,
            limit,
            left: limit,
            written: HashSet::new(),
        }
    }

    /// Most bytes that the archive may unpack to.
    pub fn limit(&self) -> u64 {
        self.limit
    }

    /// Writes a regular member called `name`. Hidden ones are left out: no data set reads them.
    ///
    /// # Errors
    /// [`DatasetError::UnsafeMember`] for a name that leads elsewhere; [`DatasetError::BadArchive`]
    /// for one that is there twice, contents that cannot be read or are too much;
    /// [`DatasetError::Io`] for a disk that is full.
    pub fn write(&mut self, name: &Path, contents: &mut impl Read) -> Result<(), DatasetError> {
        let Some(path) = self.relative(name)? else {
            return Ok(());
        };
        let to = self.folder.join(&path);
        if !self.written.insert(path) {
            return Err(self.bad(format!(
                "'{}' is there twice",
                shown(&name.to_string_lossy())
            )));
        }
        if let Some(parent) = to.parent() {
            // A file may be where a folder should be.
            fs::create_dir_all(parent).map_err(DatasetError::io("create", parent))?;
        }
        // Two names can be one file, where upper and lower case are the same.
        let mut file = File::create_new(&to).map_err(|error| match error.kind() {
            io::ErrorKind::AlreadyExists => self.bad(format!(
                "'{}' is there twice",
                shown(&name.to_string_lossy())
            )),
            _ => DatasetError::io("create", &to)(error),
        })?;
        let mut buffer = vec![0; BUFFER];
        loop {
            let read = match contents.read(&mut buffer) {
                Ok(0) => return Ok(()),
                Ok(read) => read,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(self.unreadable(&error)),
            };
            self.left = self
                .left
                .checked_sub(read as u64)
                .ok_or_else(|| self.bad(format!("it unpacks to more than {} bytes", self.limit)))?;
            file.write_all(&buffer[..read])
                .map_err(DatasetError::io("write", &to))?;
        }
    }

    /// The member's path below the folder; `None` for one that is hidden.
    fn relative(&self, name: &Path) -> Result<Option<PathBuf>, DatasetError> {
        let mut path = PathBuf::new();
        for component in name.components() {
            match component {
                Component::CurDir => {}
                Component::Normal(part) => {
                    if part.as_encoded_bytes().starts_with(b".") || part == "__MACOSX" {
                        return Ok(None);
                    }
                    path.push(part);
                }
                Component::ParentDir | Component::RootDir | Component::Prefix(_) => {
                    return Err(DatasetError::UnsafeMember {
                        path: self.archive.to_path_buf(),
                        member: shown(&name.to_string_lossy()),
                    });
                }
            }
        }
        match path.as_os_str().is_empty() {
            true => Err(self.bad("a member has no name".to_owned())),
            false => Ok(Some(path)),
        }
    }

    /// An archive that is not taken, and why.
    pub fn bad(&self, reason: String) -> DatasetError {
        DatasetError::BadArchive {
            path: self.archive.to_path_buf(),
            reason,
        }
    }

    /// An archive that cannot be read on.
    pub fn unreadable(&self, error: &io::Error) -> DatasetError {
        self.bad(match error.kind() {
            io::ErrorKind::UnexpectedEof => "it ends before its contents do".to_owned(),
            _ => one_line(error),
        })
    }
}
