//! The checkpoint that a command line names.

use std::path::{Path, PathBuf};

use trainer::{TrainError, train::RunFolder};

/// Returns the checkpoint that `path` means: `path` itself, or the best one of the run whose
/// folder it is.
///
/// # Errors
/// A folder without a checkpoint.
pub fn checkpoint_file(path: &Path) -> Result<PathBuf, TrainError> {
    match path.is_dir() {
        true => RunFolder::at(path).any_checkpoint(),
        false => Ok(path.to_owned()),
    }
}
