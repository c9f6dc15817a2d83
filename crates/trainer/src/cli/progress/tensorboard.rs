//! A run's figures as TensorBoard shows them.

use std::{
    path::{Path, PathBuf},
    time::SystemTime,
};

use tensorboard::{EventFile, TensorboardError};
use trainer::train::{EpochRecord, Feedback, Monitor, Speed, StepRecord};

use crate::cli::note::note;

/// Steps from one point of a step's figures to the next.
const STEPS_BETWEEN: usize = 20;

/// Writes event files into the run's folder. A failure is told once and ends
/// them, not the run.
pub struct TensorboardFeedback {
    folder: PathBuf,
    state: State,
    step: usize,
}

enum State {
    /// Nothing to tell so far, so nothing to leave behind.
    Waiting,
    Open(EventFile),
    Failed,
}

impl TensorboardFeedback {
    pub fn new(folder: &Path) -> Self {
        Self {
            folder: folder.to_owned(),
            state: State::Waiting,
            step: 0,
        }
    }

    fn add(&mut self, scalars: &[(&str, f64)]) {
        if let Err(error) = self.try_add(scalars) {
            note(format_args!(
                "warning: {error}; no more events for TensorBoard"
            ));
            self.state = State::Failed;
        }
    }

    fn try_add(&mut self, scalars: &[(&str, f64)]) -> Result<(), TensorboardError> {
        let now = SystemTime::now();
        if matches!(self.state, State::Waiting) {
            self.state = State::Open(EventFile::create(&self.folder, self.step, now)?);
        }
        if let State::Open(events) = &mut self.state {
            for (tag, value) in scalars {
                events.scalar(tag, self.step, now, *value as f32)?;
            }
        }
        Ok(())
    }
}

impl Feedback for TensorboardFeedback {
    fn epoch_begins(&mut self, epoch: usize, _size: usize, done: usize, steps: usize) {
        self.step = (epoch - 1) * steps + done;
    }

    fn step(&mut self, step: &StepRecord) {
        self.step = step.step_of_run;
        let first = matches!(self.state, State::Waiting);
        if first || step.step_of_run.is_multiple_of(STEPS_BETWEEN) {
            self.add(&[
                ("loss/step", step.loss),
                ("learning_rate", step.learning_rate),
            ]);
        }
    }

    fn epoch_ends(&mut self, record: &EpochRecord, speed: &Speed, _is_best: bool) {
        self.add(&[
            ("loss/train", record.train_loss),
            ("loss/val", record.val_loss),
            ("top1/train", record.train_top1),
            ("top1/val", record.val_top1),
            ("top5/val", record.val_top5),
            ("macro_f1/val", record.monitored(Monitor::ValMacroF1)),
            (
                "balanced_accuracy/val",
                record.monitored(Monitor::ValBalancedAccuracy),
            ),
            ("images_per_second", speed.images_per_second),
        ]);
    }
}
