//! What the fuzz targets share. A target fails by a panic, by memory beyond
//! libFuzzer's limit, or by an error message of several lines.

use std::fmt::Display;
use std::fs;
use std::path::PathBuf;

use tempfile::TempDir;

/// Checks that an error is told in one line.
///
/// # Panics
/// If it is not, which is what fuzzing looks for.
pub fn one_line(error: &impl Display) {
    let line = error.to_string();
    assert!(!line.is_empty() && !line.contains('\n'), "{line:?}");
}

/// A folder for readers that take files.
pub struct Folder {
    folder: TempDir,
}

impl Default for Folder {
    fn default() -> Self {
        Self::new()
    }
}

impl Folder {
    /// An empty folder; removed when dropped.
    ///
    /// # Panics
    /// If there is no place for it.
    #[must_use]
    pub fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder for temporary files");
        Self { folder }
    }

    /// Writes a file into it.
    ///
    /// # Panics
    /// If it cannot be written.
    #[must_use]
    pub fn write(&self, name: &str, bytes: &[u8]) -> PathBuf {
        let path = self.path(name);
        fs::write(&path, bytes).expect("the folder is writable");
        path
    }

    /// The place of a file in it.
    #[must_use]
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }
}
