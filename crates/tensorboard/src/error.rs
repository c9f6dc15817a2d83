//! What can go wrong when events are written.

use std::{io, path::PathBuf};

/// An event could not be written.
#[derive(Debug, thiserror::Error)]
pub enum TensorboardError {
    /// The event file could not be created.
    #[error("cannot create an event file in '{}': {source}", folder.display())]
    Create {
        /// The folder that it was to stand in.
        folder: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// An event could not be added to its file.
    #[error("cannot write '{}': {source}", path.display())]
    Write {
        /// The event file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

impl TensorboardError {
    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Create { .. } => {
                Some("check that the folder exists and that you may write to it".to_owned())
            }
            Self::Write { .. } => {
                Some("check that the disk is there and has space left".to_owned())
            }
        }
    }
}
