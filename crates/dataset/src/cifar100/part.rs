//! The partial file of a download.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use indicatif::ProgressBar;

use crate::DatasetError;

/// A partial file, open at its end and locked against other downloads.
pub(super) struct Part {
    file: File,
    path: PathBuf,
    length: u64,
    bar: ProgressBar,
}

impl Part {
    /// Opens `path`, creating it if it is not there.
    pub(super) fn open(path: &Path, bar: ProgressBar) -> Result<Self, DatasetError> {
        let mut file = OpenOptions::new()
            .create(true)
            .write(true)
            .truncate(false)
            .open(path)
            .map_err(DatasetError::io("create", path))?;
        // Not every file system can lock; then two downloads at once end in a
        // wrong checksum.
        if let Err(TryLockError::WouldBlock) = file.try_lock() {
            return Err(DatasetError::DownloadInProgress {
                path: path.to_path_buf(),
            });
        }
        let length = file
            .seek(SeekFrom::End(0))
            .map_err(DatasetError::io("read", path))?;
        Ok(Self {
            file,
            path: path.to_path_buf(),
            length,
            bar,
        })
    }

    /// Bytes on disk.
    pub(super) fn length(&self) -> u64 {
        self.length
    }

    /// Throws away what is there.
    pub(super) fn restart(&mut self) -> Result<(), DatasetError> {
        self.file
            .set_len(0)
            .and_then(|()| self.file.rewind())
            .map_err(DatasetError::io("write", &self.path))?;
        self.length = 0;
        Ok(())
    }

    /// Tells the progress bar how long the file will be.
    pub(super) fn expect(&self, total: Option<u64>) {
        match total {
            Some(total) => self.bar.set_length(total),
            None => self.bar.unset_length(),
        }
        self.bar.set_position(self.length);
    }

    pub(super) fn append(&mut self, bytes: &[u8]) -> Result<(), DatasetError> {
        self.file
            .write_all(bytes)
            .map_err(DatasetError::io("write", &self.path))?;
        self.length += bytes.len() as u64;
        self.bar.set_position(self.length);
        Ok(())
    }

    /// Leaves what has arrived for a later run; an empty file would be litter.
    pub(super) fn give_up(self) {
        if self.length == 0 {
            // The download's own error is the one to report.
            let _ = fs::remove_file(&self.path);
        }
    }

    /// Brings the complete file to the disk.
    pub(super) fn finish(self) -> Result<(), DatasetError> {
        self.bar.finish_and_clear();
        self.file
            .sync_all()
            .map_err(DatasetError::io("write", &self.path))
    }
}
