//! The training loop.

mod estimate;
mod feedback;
mod find_lr;
mod step;
mod training;

use std::{path::Path, sync::atomic::AtomicBool, time::Duration};

use burn::tensor::Device;
use contract::Contract;

pub use estimate::{Estimate, SizeEstimate, estimate};
pub use feedback::{Feedback, StepRecord};
pub use find_lr::find_learning_rate;

use self::training::Training;
use super::{History, Recipe, RunFolder, TrainingData, TrainingState};
use crate::{
    error::TrainError,
    model::{EfficientNet, EfficientNetConfig},
};

/// Everything that a run needs, resolved.
#[derive(Debug)]
pub struct Job<'a> {
    /// What to do.
    pub recipe: &'a Recipe,
    /// What to do it with.
    pub data: &'a TrainingData,
    /// The network's configuration.
    pub config: &'a EfficientNetConfig,
    /// The contract of the exported model, figures and epochs left open.
    pub contract: &'a Contract,
    /// Where results go.
    pub run: &'a RunFolder,
    /// The devices, at least one, without autodiff. Each learns from its share of
    /// every batch; the first one holds the network and validates.
    pub devices: &'a [Device],
    /// ONNX Runtime's library, which computes features for the last layer.
    pub runtime: Option<&'a Path>,
    /// Folder that these features are kept in.
    pub features: &'a Path,
    /// How much time a crash may cost: the state is written this often.
    pub state_interval: Duration,
}

impl Job<'_> {
    /// The device that holds the network.
    pub fn device(&self) -> &Device {
        &self.devices[0]
    }
}

/// Where training begins.
#[derive(Debug)]
pub enum Start {
    /// At the first step, with this network on the first device.
    Fresh(Box<EfficientNet>),
    /// Where an earlier process was. If the recipe's number of epochs is another one
    /// than then, learning rate and size of the images are from here on those of a run
    /// of that many epochs.
    Resumed(Box<TrainingState>),
}

/// How a run ended.
#[derive(Debug, Clone, PartialEq)]
pub struct Outcome {
    /// Figures of every epoch.
    pub history: History,
    /// Whether it was stopped before its last epoch was done.
    pub interrupted: bool,
}

/// Trains as `job` says, writing checkpoints, history and state after every epoch.
///
/// Once `stop` is set the epoch ends after the current step, is validated and
/// kept, and the run is over; a resumed one goes on after that step.
///
/// # Errors
/// A loss that is not finite, a device that fails, a picture that cannot be
/// decoded, a file that cannot be written, or a stop before the first step.
pub fn fit(
    job: &Job<'_>,
    start: Start,
    feedback: &mut dyn Feedback,
    stop: &AtomicBool,
) -> Result<Outcome, TrainError> {
    let fresh = matches!(start, Start::Fresh(_));
    let mut training = Training::new(job, start)?;
    if training.progress.epoch <= job.recipe.epochs {
        // Early stopping ended it, and it was given more epochs since.
        training.progress.reopen();
    }
    if fresh {
        // A run can go on from its first moment.
        training.write_state()?;
    }
    if job.recipe.head_epochs > 0 && !training.progress.head_done {
        training.train_head(feedback, stop)?;
    }
    let mut interrupted = false;
    while training.progress.epoch <= job.recipe.epochs {
        if !training.train_epoch(feedback, stop)? {
            interrupted = true;
            break;
        }
        if training.finish_epoch(feedback)? {
            break;
        }
    }
    let history = training.into_history(interrupted, feedback)?;
    // The export and its check come next, with memory needs of their own.
    operators::release_idle_buffers();
    Ok(Outcome {
        history,
        interrupted,
    })
}
