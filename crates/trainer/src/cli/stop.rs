//! Ctrl-C: once to end cleanly, twice to leave at once.

use std::{
    process,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU8, Ordering},
    },
};

use anyhow::Context;

use super::note::note;

/// Exit code of an interrupted program.
pub const INTERRUPTED: u8 = 130;

/// What a run is at, as far as an interrupt is concerned.
const TRAINING: u8 = 0;
const EXPORT: u8 = 1;
const EXPORTED: u8 = 2;

/// What SIGINT, SIGTERM and SIGHUP have asked for.
#[derive(Debug, Default)]
pub struct Stop {
    requested: Arc<AtomicBool>,
    at: Arc<AtomicU8>,
}

impl Stop {
    /// Catches SIGINT, SIGTERM and SIGHUP, but those that are ignored (`nohup`). The first one
    /// asks training to end, the second, or the first after training, ends the process; `go_on`
    /// is the command that makes up for what is left then.
    pub fn on_interrupt(go_on: &str) -> anyhow::Result<Self> {
        let stop = Self::default();
        let go_on = go_on.to_owned();
        let (requested, at) = (Arc::clone(&stop.requested), Arc::clone(&stop.at));
        signals::on_each(move || {
            match at.load(Ordering::Relaxed) {
                TRAINING if !requested.swap(true, Ordering::Relaxed) => {
                    note("\nstopping: this epoch ends here, is validated and kept; again to leave at once");
                    return;
                }
                EXPORT => note(format_args!("\nstopped before the export was checked; to do that: {go_on}")),
                EXPORTED => note(format_args!("\nstopped; the exported model is there, its test split was not scored to the end; to do that: {go_on}")),
                _ => {}
            }
            process::exit(INTERRUPTED.into());
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
        self.at.store(EXPORT, Ordering::Relaxed);
    }

    /// The exported model has been checked and is in its place.
    pub fn export_is_done(&self) {
        self.at.store(EXPORTED, Ordering::Relaxed);
    }
}
