//! Ctrl-C: once to end cleanly, twice to leave at once.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use anyhow::Context;

/// Exit code of an interrupted program.
const INTERRUPTED: i32 = 130;

/// What SIGINT and SIGTERM have asked for.
#[derive(Debug, Default)]
pub struct Stop {
    requested: Arc<AtomicBool>,
    training_is_over: Arc<AtomicBool>,
}

impl Stop {
    /// Catches SIGINT and SIGTERM. The first one asks training to end, the
    /// second, or the first after training, ends the process.
    pub fn on_interrupt() -> anyhow::Result<Self> {
        let stop = Self::default();
        let requested = Arc::clone(&stop.requested);
        let training_is_over = Arc::clone(&stop.training_is_over);
        ctrlc::set_handler(move || {
            if training_is_over.load(Ordering::Relaxed) {
                eprintln!("\nstopped before the export was checked; `trainer export` makes it of a checkpoint");
                std::process::exit(INTERRUPTED);
            }
            if requested.swap(true, Ordering::Relaxed) {
                std::process::exit(INTERRUPTED);
            }
            eprintln!(
                "\nstopping: this epoch ends here, is validated and kept; again to leave at once"
            );
        })
        .context("cannot catch Ctrl-C")?;
        Ok(stop)
    }

    /// Set once training is to end.
    pub fn requested(&self) -> &AtomicBool {
        &self.requested
    }

    /// From here on an interrupt ends the process: checkpoints are written.
    pub fn training_is_over(&self) {
        self.training_is_over.store(true, Ordering::Relaxed);
    }
}
