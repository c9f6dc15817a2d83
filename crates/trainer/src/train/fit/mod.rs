//! The training loop.

mod step;
mod training;

use std::{path::Path, sync::atomic::AtomicBool, time::Duration};

use burn::tensor::Device;
use contract::Contract;

use self::training::Training;
use super::{EpochRecord, History, Recipe, RunFolder, Speed, TrainingData, TrainingState};
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
    /// The device, without autodiff.
    pub device: &'a Device,
    /// ONNX Runtime's library, which computes features for the last layer.
    pub runtime: Option<&'a Path>,
    /// Folder that these features are kept in.
    pub features: &'a Path,
    /// How much time a crash may cost: the state is written this often.
    pub state_interval: Duration,
}

/// Where training begins.
#[derive(Debug)]
pub enum Start {
    /// At the first step, with this network on the training device.
    Fresh(Box<EfficientNet>),
    /// Where an earlier process was.
    Resumed(Box<TrainingState>),
}

/// Is told how the run goes.
pub trait Feedback: Send {
    /// `done` of `total` images have got features for the last layer.
    fn features(&mut self, done: usize, total: usize);
    /// The last layer alone has done an epoch with this mean loss and accuracy.
    fn head_epoch(&mut self, epoch: usize, loss: f64, top1: f64);
    /// An epoch begins on images of side `size`, `done` of its `steps` done already.
    fn epoch_begins(&mut self, epoch: usize, size: usize, done: usize, steps: usize);
    /// A training step is done; `loss` and `top1` are means over the epoch so far.
    fn step(&mut self, step: usize, images: usize, loss: f64, top1: f64);
    /// `done` of `total` validation images are done.
    fn validated(&mut self, done: usize, total: usize);
    /// An epoch is over and its files are written.
    fn epoch_ends(&mut self, record: &EpochRecord, speed: &Speed, is_best: bool);
    /// The learning rate falls by its factor from here on.
    fn plateau(&mut self, epoch: usize);
    /// The run ends before its last epoch, as nothing got better.
    fn stops_early(&mut self, epoch: usize);
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
/// A loss that is not finite, a picture that cannot be decoded, a file that
/// cannot be written, or a stop before the first step.
pub fn fit(
    job: &Job<'_>,
    start: Start,
    feedback: &mut dyn Feedback,
    stop: &AtomicBool,
) -> Result<Outcome, TrainError> {
    let fresh = matches!(start, Start::Fresh(_));
    let mut training = Training::new(job, start)?;
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
