//! The training loop.

use std::{
    ops::ControlFlow,
    path::Path,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Instant,
};

use burn::{
    module::Module,
    nn::loss::{CrossEntropyLoss, CrossEntropyLossConfig},
    optim::{GradientsParams, ModuleOptimizer},
    tensor::{Device, Int, Tensor, TensorData},
};
use contract::Contract;

use super::{
    Batch, EpochRecord, FeatureSource, History, LearningRate, Loader, Recipe, RunFolder,
    TrainingData, fit_head,
    optimizer::optimizer,
    validate::{host_logits, images, validate},
};
use crate::{
    augment::Augmentation,
    checkpoint::Checkpoint,
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
}

/// Is told how the run goes.
pub trait Feedback: Send {
    /// `done` of `total` images have got features for the last layer.
    fn features(&mut self, done: usize, total: usize);
    /// The last layer alone has done an epoch with this mean loss and accuracy.
    fn head_epoch(&mut self, epoch: usize, loss: f64, top1: f64);
    /// An epoch begins, with so many steps.
    fn epoch_begins(&mut self, epoch: usize, steps: usize);
    /// A training step is done; `loss` and `top1` are means over the epoch so far.
    fn step(&mut self, step: usize, images: usize, loss: f64, top1: f64);
    /// `done` of `total` validation images are done.
    fn validated(&mut self, done: usize, total: usize);
    /// An epoch is over and its files are written.
    fn epoch_ends(&mut self, record: &EpochRecord, is_best: bool);
}

/// How a run ended.
#[derive(Debug, Clone, PartialEq)]
pub struct Outcome {
    /// Figures of every epoch.
    pub history: History,
    /// Whether it was stopped before its last epoch was done.
    pub interrupted: bool,
}

/// Trains `model` as `job` says, writing checkpoints and history after every epoch.
///
/// Once `stop` is set the epoch ends after the current step, is validated and
/// kept like any other, and the run is over.
///
/// # Errors
/// A loss that is not finite, a picture that cannot be decoded, a file that
/// cannot be written, or a stop before the first step.
pub fn fit(
    job: &Job<'_>,
    model: EfficientNet,
    feedback: &mut dyn Feedback,
    stop: &AtomicBool,
) -> Result<Outcome, TrainError> {
    let mut epochs = Epochs::new(job, model);
    let mut history = History::default();
    let mut interrupted = false;
    if job.recipe.head_epochs > 0 {
        // Epoch 0 in the history: the network as the others find it.
        let started = Instant::now();
        let trained = epochs.train_head(feedback, stop)?;
        let mut record = epochs.validate(0, trained, feedback)?;
        record.seconds = started.elapsed().as_secs_f64();
        epochs.keep(record, &mut history, feedback)?;
    }
    for epoch in 1..=job.recipe.epochs {
        let started = Instant::now();
        let trained = epochs.train(epoch, feedback, stop)?;
        interrupted = stop.load(Ordering::Relaxed);
        if trained.images == 0 {
            break;
        }
        let mut record = epochs.validate(epoch, trained, feedback)?;
        record.seconds = started.elapsed().as_secs_f64();
        epochs.keep(record, &mut history, feedback)?;
        interrupted |= stop.load(Ordering::Relaxed);
        if interrupted {
            interrupted = epoch < job.recipe.epochs || !trained.complete;
            break;
        }
    }
    if history.epochs.is_empty() {
        return Err(TrainError::InterruptedEarly);
    }
    Ok(Outcome {
        history,
        interrupted,
    })
}

/// Sums over the training steps of an epoch.
#[derive(Debug, Clone, Copy, Default)]
struct Trained {
    images: usize,
    loss: f64,
    correct: usize,
    learning_rate: f64,
    seconds: f64,
    complete: bool,
}

/// The state that training changes.
struct Epochs<'a> {
    job: &'a Job<'a>,
    train: Loader<'a>,
    val: Loader<'a>,
    device: Device,
    rate: LearningRate,
    augmentation: Augmentation,
    loss: CrossEntropyLoss,
    optimizer: ModuleOptimizer,
    model: EfficientNet,
}

impl<'a> Epochs<'a> {
    fn new(job: &'a Job<'a>, model: EfficientNet) -> Self {
        let device = job.device.clone().autodiff();
        let train = Loader::new(job.data, &job.data.train, job.recipe.batch_size);
        let smoothing = job.recipe.label_smoothing;
        Self {
            job,
            rate: LearningRate::new(job.recipe, train.training_steps()),
            train,
            val: Loader::new(job.data, &job.data.val, job.recipe.batch_size),
            augmentation: Augmentation::new(job.recipe),
            loss: CrossEntropyLossConfig::new()
                .with_smoothing((smoothing > 0.0).then_some(smoothing as f32))
                .init(&device),
            optimizer: optimizer(job.recipe),
            model: model.freeze_leading(job.recipe.freeze).train(),
            device,
        }
    }

    /// Trains the last layer alone.
    fn train_head(
        &mut self,
        feedback: &mut dyn Feedback,
        stop: &AtomicBool,
    ) -> Result<Trained, TrainError> {
        let started = Instant::now();
        let job = self.job;
        let source = FeatureSource::new(
            &self.network(job.contract.clone()),
            job.config,
            job.runtime,
            job.features,
        )?;
        let split = &job.data.train;
        let progress = Mutex::new((0, &mut *feedback));
        let features = source.features(job.data, split, stop, &|images| {
            let mut progress = progress.lock().unwrap_or_else(PoisonError::into_inner);
            progress.0 += images;
            let done = progress.0;
            progress.1.features(done, split.len());
        })?;
        let mut trained = Trained {
            images: split.len(),
            complete: true,
            learning_rate: job.recipe.head_learning_rate,
            ..Trained::default()
        };
        self.model = fit_head(
            self.model.clone(),
            &features,
            &split.labels(),
            job.recipe,
            &self.loss,
            &self.device,
            |epoch, loss, top1| {
                trained.loss = loss * split.len() as f64;
                trained.correct = (top1 * split.len() as f64).round() as usize;
                feedback.head_epoch(epoch, loss, top1);
            },
        )?;
        trained.seconds = started.elapsed().as_secs_f64();
        Ok(trained)
    }

    /// Writes an epoch's checkpoint and the history with it.
    fn keep(
        &self,
        record: EpochRecord,
        history: &mut History,
        feedback: &mut dyn Feedback,
    ) -> Result<(), TrainError> {
        let is_best = history
            .best()
            .is_none_or(|best| record.val_top1 > best.val_top1);
        let checkpoint = self.checkpoint(&record);
        self.job.run.write_checkpoint(&checkpoint, is_best)?;
        history.epochs.push(record.clone());
        self.job.run.write_history(history)?;
        feedback.epoch_ends(&record, is_best);
        Ok(())
    }

    fn train(
        &mut self,
        epoch: usize,
        feedback: &mut dyn Feedback,
        stop: &AtomicBool,
    ) -> Result<Trained, TrainError> {
        let steps = self.train.training_steps();
        feedback.epoch_begins(epoch, steps);
        let started = Instant::now();
        let mut sums = Trained::default();
        let mut step = 0;
        let mut model = self.model.clone();
        self.train
            .shuffled(&self.augmentation, self.job.recipe.seed, epoch, |batch| {
                if stop.load(Ordering::Relaxed) {
                    return Ok(ControlFlow::Break(()));
                }
                let learning_rate = self.rate.at((epoch - 1) * steps + step);
                step += 1;
                let labels = batch.labels.clone();
                let (logits, loss) = forward(&model, &self.loss, batch, &self.train, &self.device);
                let loss_value = loss.clone().into_scalar::<f64>();
                if !loss_value.is_finite() {
                    return Err(TrainError::NonFiniteLoss {
                        loss: loss_value,
                        epoch,
                        place: format!("step {step}"),
                    });
                }
                let gradients = GradientsParams::from_grads(loss.backward(), &model);
                model = self.optimizer.step(learning_rate, model.clone(), gradients);

                sums.images += labels.len();
                sums.loss += loss_value * labels.len() as f64;
                sums.correct += correct(&host_logits(&logits), &labels);
                sums.learning_rate = learning_rate;
                let seen = sums.images as f64;
                let top1 = sums.correct as f64 / seen;
                feedback.step(step, sums.images, sums.loss / seen, top1);
                Ok(ControlFlow::Continue(()))
            })?;
        self.model = model;
        sums.seconds = started.elapsed().as_secs_f64();
        sums.complete = step == steps;
        Ok(sums)
    }

    fn validate(
        &self,
        epoch: usize,
        trained: Trained,
        feedback: &mut dyn Feedback,
    ) -> Result<EpochRecord, TrainError> {
        let total = self.job.data.val.len();
        // A stop ends training, not validation: what was learnt is measured on
        // all images, or `best` would mean nothing.
        let evaluation = validate(
            &self.model.valid(),
            &self.val,
            &self.job.data.classes,
            self.job.device,
            |done| feedback.validated(done, total),
        )?;
        if !evaluation.loss.is_finite() {
            return Err(TrainError::NonFiniteLoss {
                loss: evaluation.loss,
                epoch,
                place: "validation".to_owned(),
            });
        }
        let images = trained.images as f64;
        Ok(EpochRecord {
            epoch,
            learning_rate: trained.learning_rate,
            train_loss: trained.loss / images,
            train_top1: trained.correct as f64 / images,
            val_loss: evaluation.loss,
            val_top1: evaluation.top1,
            val_top5: evaluation.top5,
            images_per_second: images / trained.seconds,
            seconds: 0.0,
        })
    }

    fn checkpoint(&self, record: &EpochRecord) -> Checkpoint {
        let mut contract = self.job.contract.clone();
        contract.training.epochs = record.epoch;
        contract.training.metrics = [
            ("val_loss", record.val_loss),
            ("val_top1", record.val_top1),
            ("val_top5", record.val_top5),
        ]
        .map(|(name, value)| (name.to_owned(), value))
        .into();
        self.network(contract)
    }

    /// The network as it is now, under `contract`.
    fn network(&self, contract: Contract) -> Checkpoint {
        Checkpoint {
            contract,
            family: self.job.config.family,
            tensors: self.model.named_tensors(),
        }
    }
}

/// Logits `[batch, classes]` and mean loss `[1]` of a batch.
fn forward(
    model: &EfficientNet,
    loss: &CrossEntropyLoss,
    batch: Batch,
    loader: &Loader<'_>,
    device: &Device,
) -> (Tensor<2>, Tensor<1>) {
    let labels: Vec<i64> = batch.labels.iter().map(|&label| label as i64).collect();
    let count = labels.len();
    let targets = Tensor::<1, Int>::from_data(TensorData::new(labels, [count]), device);
    let logits = model.forward(images(batch, loader, device));
    let loss = loss.forward(logits.clone(), targets);
    (logits, loss)
}

/// How many rows of `logits` have their largest value at their label.
fn correct(logits: &[f32], labels: &[usize]) -> usize {
    let classes = logits.len() / labels.len();
    logits
        .chunks(classes)
        .zip(labels)
        .filter(|(logits, label)| metrics::argmax(logits) == **label)
        .count()
}
