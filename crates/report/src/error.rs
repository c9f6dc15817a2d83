//! What can go wrong when a plot is written.

use std::{
    io,
    path::{Path, PathBuf},
};

/// A plot could not be written.
#[derive(Debug, thiserror::Error)]
pub enum ReportError {
    /// The plot could not be drawn or encoded.
    #[error("cannot draw '{path}': {reason}")]
    Draw {
        /// The file that was to be written.
        path: PathBuf,
        /// What the plotting library or the encoder said.
        reason: String,
    },
    /// The finished plot could not be written to its file.
    #[error("cannot write '{path}': {source}")]
    Write {
        /// The file that was to be written.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

impl ReportError {
    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Draw { .. } => None,
            Self::Write { path, .. } if path.file_name().is_none() || path.is_dir() => {
                Some("give the name of a file, with its folder or without".to_owned())
            }
            Self::Write { path, .. } => {
                let folder = match path.parent() {
                    Some(folder) if !folder.as_os_str().is_empty() => folder,
                    _ => Path::new("."),
                };
                Some(format!(
                    "check that the folder '{}' exists, is writable and has space left",
                    folder.display()
                ))
            }
        }
    }
}
