//! What can be wrong with shard files.

use std::io;
use std::path::PathBuf;

use super::Shard;

/// A shard file, or several, that cannot be used.
///
/// `Display` is one line; [`ShardError::hint`] says what to do about it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ShardError {
    /// A file that cannot be read.
    #[error("cannot read shard {}: {source}", path.display())]
    Read {
        /// The file as given.
        path: PathBuf,
        /// What the operating system answered.
        source: io::Error,
    },

    /// A file that was not written by `infer eval --shard`.
    #[error("{} is no shard file: {reason}", path.display())]
    NotAShard {
        /// The file as given.
        path: PathBuf,
        /// What is wrong with its first line.
        reason: String,
    },

    /// A file of a newer format.
    #[error("{} has shard format {found}, this program reads up to {supported}", path.display())]
    NewerFormat {
        /// The file as given.
        path: PathBuf,
        /// Its format.
        found: u64,
        /// The newest format that is understood.
        supported: u32,
    },

    /// A line that is malformed or not the one expected.
    #[error("{}, line {line}: {reason}", path.display())]
    Line {
        /// The file as given.
        path: PathBuf,
        /// Number of the line, counted from 1.
        line: usize,
        /// What is wrong with it.
        reason: String,
    },

    /// A file that ends too early.
    #[error("{} ends after {found} of {expected} images", path.display())]
    Truncated {
        /// The file as given.
        path: PathBuf,
        /// Whole lines of images in it.
        found: usize,
        /// Images that its header promises.
        expected: usize,
    },

    /// A file whose lines are not those that were written.
    #[error("{} is damaged: its lines do not match the checksum at its end", path.display())]
    Damaged {
        /// The file as given.
        path: PathBuf,
    },

    /// A shard of another evaluation.
    #[error("{} has another {what} than {difference}", path.display())]
    Foreign {
        /// The file as given.
        path: PathBuf,
        /// What differs: "model", "data set", "batch size", ...
        what: &'static str,
        /// What it differs from, and both values.
        difference: String,
    },

    /// Two files of the same shard.
    #[error("shard {shard} is there twice: {} and {}", first.display(), second.display())]
    Doubled {
        /// The shard.
        shard: Shard,
        /// The file given first.
        first: PathBuf,
        /// The other one.
        second: PathBuf,
    },

    /// Not all shards were given.
    #[error("missing of {count} shards: {}", missing.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "))]
    Missing {
        /// The numbers of the missing ones, counted from 1.
        missing: Vec<usize>,
        /// How many there are.
        count: usize,
    },
}

impl ShardError {
    /// What to do about the error.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Read { .. } => "pass the files that `infer eval --shard` wrote",
            Self::NotAShard { .. } => {
                "pass the files that `infer eval --shard I/N --shard-out FILE` wrote"
            }
            Self::NewerFormat { .. } => "merge with the version of infer that wrote the shards",
            Self::Line { .. } | Self::Truncated { .. } | Self::Damaged { .. } => {
                "the file was changed or not copied whole; copy it or evaluate this shard again"
            }
            Self::Foreign { .. } => {
                "merge shards of one evaluation: the same model, data set, split and options on the same kind of device"
            }
            Self::Doubled { .. } => "pass each shard once",
            Self::Missing { .. } => "evaluate the missing shards, or pass their files too",
        }
    }
}
