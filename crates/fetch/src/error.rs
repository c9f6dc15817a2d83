//! What can go wrong with a download, in one line each.

use std::error::Error;
use std::io;
use std::path::{Path, PathBuf};

/// A download failed. `Display` is one line that says what was wrong and where;
/// [`hint`](FetchError::hint) says what to do about it.
#[derive(Debug, thiserror::Error)]
pub enum FetchError {
    /// A file could not be read or written.
    #[error("cannot {action} {}: {source}", path.display())]
    Io {
        /// "read", "write", "create".
        action: &'static str,
        /// Which file.
        path: PathBuf,
        /// The operating system's reason.
        source: io::Error,
    },
    /// The server answered with an error status.
    #[error("{url}: the server answered with HTTP status {status}")]
    Status {
        /// What was asked for.
        url: String,
        /// The status.
        status: u16,
    },
    /// The connection could not be made, broke or stalled; what has arrived is kept.
    #[error("{url}: download failed after {received} bytes: {reason}")]
    Broken {
        /// What was asked for.
        url: String,
        /// Bytes on disk, to go on from.
        received: u64,
        /// Why.
        reason: String,
    },
    /// The server sends what was not announced or is not allowed; nothing is kept.
    #[error("{url}: {reason}")]
    Refused {
        /// What was asked for.
        url: String,
        /// What is wrong with the answer.
        reason: String,
    },
    /// Another process is downloading the same file.
    #[error("{}: another process is downloading this file", path.display())]
    InProgress {
        /// The partial file.
        path: PathBuf,
    },
}

impl FetchError {
    /// What to do about it.
    #[must_use]
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Io { .. } => "check the path, its permissions and the space left",
            Self::Status { .. } => "check the address or try again later",
            Self::Broken { received: 0, .. } => "check the network connection and the address",
            Self::Broken { .. } => "run the command again: it goes on from where it stopped",
            Self::Refused { .. } => {
                "this server cannot be trusted with the file; use the official address or a \
                 mirror that you know"
            }
            Self::InProgress { .. } => "wait for the other download to end",
        }
    }

    /// For `map_err`: an I/O error with what was tried on which path.
    pub(crate) fn io(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_path_buf();
        move |source| Self::Io {
            action,
            path,
            source,
        }
    }
}

/// Why one request did not bring what was asked for.
#[derive(Debug)]
pub(crate) enum Stop {
    /// What was on disk is not part of the server's file: it is thrown away.
    Restart,
    /// The connection could not be made, broke or stalled.
    Broken(String),
    /// The server answered with an error.
    Status(u16),
    /// The answer is not one that may be taken.
    Refused(String),
    /// The file could not be written.
    Disk(FetchError),
}

impl From<FetchError> for Stop {
    fn from(error: FetchError) -> Self {
        Self::Disk(error)
    }
}

impl Stop {
    pub(crate) fn into_error(self, url: &str, received: u64) -> FetchError {
        let url = url.to_owned();
        match self {
            Self::Disk(error) => error,
            Self::Status(status) => FetchError::Status { url, status },
            Self::Refused(reason) => FetchError::Refused { url, reason },
            Self::Restart => FetchError::Broken {
                url,
                received,
                reason: "the server does not send the range asked for".into(),
            },
            Self::Broken(reason) => FetchError::Broken {
                url,
                received,
                reason,
            },
        }
    }
}

/// An error's text with its causes, on one line.
pub fn one_line(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let cause_text = cause.to_string();
        if !text.contains(&cause_text) {
            text = format!("{text}: {cause_text}");
        }
        source = cause.source();
    }
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
