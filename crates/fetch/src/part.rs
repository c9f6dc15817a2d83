//! The partial file of a download.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use indicatif::ProgressBar;

use crate::FetchError;

/// A partial file, open at its end and locked against other downloads.
pub(crate) struct Part {
    file: File,
    path: PathBuf,
    length: u64,
    bar: ProgressBar,
}

impl Part {
    /// Opens `path`, creating it if it is not there.
    pub(crate) fn open(path: &Path, bar: ProgressBar) -> Result<Self, FetchError> {
        let mut file = OpenOptions::new()
            .create(true)
            .write(true)
            .truncate(false)
            .open(path)
            .map_err(FetchError::io("create", path))?;
        // Not every file system can lock; then two downloads at once end in a
        // wrong checksum.
        if let Err(TryLockError::WouldBlock) = file.try_lock() {
            return Err(FetchError::InProgress {
                path: path.to_path_buf(),
            });
        }
        let length = file
            .seek(SeekFrom::End(0))
            .map_err(FetchError::io("read", path))?;
        Ok(Self {
            file,
            path: path.to_path_buf(),
            length,
            bar,
        })
    }

    /// Bytes on disk.
    pub(crate) fn length(&self) -> u64 {
        self.length
    }

    /// Throws away what is there.
    pub(crate) fn restart(&mut self) -> Result<(), FetchError> {
        self.file
            .set_len(0)
            .and_then(|()| self.file.rewind())
            .map_err(FetchError::io("write", &self.path))?;
        self.length = 0;
        Ok(())
    }

    /// Tells the progress bar how long the file will be.
    pub(crate) fn expect(&self, total: Option<u64>) {
        match total {
            Some(total) => self.bar.set_length(total),
            None => self.bar.unset_length(),
        }
        self.bar.set_position(self.length);
    }

    pub(crate) fn append(&mut self, bytes: &[u8]) -> Result<(), FetchError> {
        self.file
            .write_all(bytes)
            .map_err(FetchError::io("write", &self.path))?;
        self.length += bytes.len() as u64;
        self.bar.set_position(self.length);
        Ok(())
    }

    /// Leaves what has arrived for a later run; an empty file would be litter.
    pub(crate) fn give_up(self) {
        if self.length == 0 {
            // The download's own error is the one to report.
            let _ = fs::remove_file(&self.path);
        }
    }

    /// Brings the complete file to the disk.
    pub(crate) fn finish(self) -> Result<(), FetchError> {
        self.bar.finish_and_clear();
        self.file
            .sync_all()
            .map_err(FetchError::io("write", &self.path))
    }
}
