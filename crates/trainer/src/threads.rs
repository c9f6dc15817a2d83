//! The threads that the processor's work is spread over.

use std::io;

use crate::error::TrainError;

/// Starts the threads that everything is computed on, as many as there are cores or as
/// `RAYON_NUM_THREADS` says. Without this they start when the first is needed, and a system that
/// gives none then ends the process with a panic.
///
/// # Errors
/// The system gives no threads.
pub fn start_threads() -> Result<(), TrainError> {
    rayon::ThreadPoolBuilder::new()
        .build_global()
        .map_err(|error| TrainError::no_threads(io::Error::other(error)))
}
