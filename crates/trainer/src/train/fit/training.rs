//! A run's state and what changes it.

use std::{
    ops::ControlFlow,
    path::Path,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Instant,
};

use burn::module::Module;
use contract::Contract;

use super::{
    Feedback, Job, Start, StepRecord,
    step::{Learner, UNREAD_STEPS, Unread},
};
use crate::{
    checkpoint::Checkpoint,
    error::TrainError,
    model::EfficientNet,
    train::{
        Batch, EpochRecord, FeatureSource, History, LearningRate, Loader, Monitor, Progress,
        ScheduleKind, TrainingState, devices::Devices, ema::MovingAverage, fit_head,
        history::Speed, optimizer::optimizer, state::Sums, validate,
    },
};

/// A run under way.
pub(super) struct Training<'a> {
    job: &'a Job<'a>,
    devices: Devices,
    rate: LearningRate,
    steps: usize,
    learner: Learner,
    average: Option<MovingAverage>,
    pub progress: Progress,
    /// Steps whose outcome is still on the device, and how many there may be.
    unread: Vec<Unread>,
    unread_steps: usize,
    state_written: Instant,
    /// When this process began the epoch, and with how many images done.
    epoch_began: (Instant, usize),
}

impl<'a> Training<'a> {
    /// # Errors
    /// A state that does not fit the recipe's network.
    pub fn new(job: &'a Job<'a>, start: Start) -> Result<Self, TrainError> {
        let devices = Devices::new(job.devices, job.recipe.precision)?;
        let recipe = job.recipe;
        let averaged = |network: EfficientNet| MovingAverage::new(network, recipe.ema);
        let (network, optimizer, average, progress) = match start {
            Start::Fresh(network) => {
                let average = (recipe.ema > 0.0).then(|| averaged(network.valid()));
                let optimizer = optimizer(recipe);
                (*network, optimizer, average, Progress::new())
            }
            Start::Resumed(state) => {
                let fresh = job.config.init(devices.first());
                let network = fresh.with_identified_tensors(state.network, &state.ids)?;
                let average = match state.average {
                    Some(tensors) => {
                        let network = job.config.init(job.device()).with_tensors(tensors)?;
                        Some(averaged(network.valid()))
                    }
                    None => None,
                };
                let bytes = burn::tensor::Bytes::from_bytes_vec(state.optimizer);
                let optimizer = optimizer(recipe).from_bytes(bytes).map_err(|error| {
                    TrainError::CannotResume {
                        path: job.run.path().to_owned(),
                        reason: format!("the optimiser's record cannot be read: {error}"),
                    }
                })?;
                (network, optimizer, average, state.progress)
            }
        };
        let steps = Loader::new(
            job.data,
            &job.data.train,
            recipe.batch_size,
            recipe.image_size,
        )
        .training_steps();
        Ok(Self {
            job,
            rate: LearningRate::new(recipe, steps),
            steps,
            learner: Learner::new(network, optimizer, recipe, job.data),
            average,
            progress,
            unread: Vec::new(),
            unread_steps: match operators::supports(devices.first()) {
                true => 1,
                false => UNREAD_STEPS,
            },
            devices,
            state_written: Instant::now(),
            epoch_began: (Instant::now(), 0),
        })
    }

    /// Trains the last layer alone; epoch 0 of the history is the network as
    /// the other epochs find it.
    ///
    /// # Errors
    /// ONNX Runtime is missing, a file cannot be written, a picture cannot be
    /// decoded, a loss is not finite, or `stop` is set before the features are there.
    pub fn train_head(
        &mut self,
        feedback: &mut dyn Feedback,
        stop: &AtomicBool,
    ) -> Result<(), TrainError> {
        let job = self.job;
        self.epoch_began = (Instant::now(), 0);
        let network = self.checkpoint_of(&self.learner.network, job.contract.clone());
        let source = FeatureSource::new(&network, job.config, job.runtime, job.features)?;
        let split = &job.data.train;
        let progress = Mutex::new((0, &mut *feedback));
        let told = || progress.lock().unwrap_or_else(PoisonError::into_inner);
        let done = |images: usize| {
            let mut told = told();
            told.0 += images;
            let done = told.0;
            told.1.features(done, split.len());
        };
        let damaged = |path: &Path| told().1.damaged_features(path);
        let features = source.features(job.data, split, stop, &done, &damaged)?;
        let count = split.len();
        let mut sums = Sums {
            images: count,
            learning_rate: job.recipe.head_learning_rate,
            ..Sums::default()
        };
        self.devices.first().seed(job.recipe.seed);
        let network = fit_head(
            self.learner.network.clone(),
            &features,
            (&split.labels(), job.data.classes.len()),
            job.recipe,
            self.devices.first(),
            |epoch, loss, top1| {
                sums.loss = loss * count as f64;
                sums.correct = (top1 * count as f64).round() as usize;
                feedback.head_epoch(epoch, job.recipe.head_epochs, loss, top1);
            },
        )?;
        if let Some(average) = &mut self.average {
            average.network = network.valid();
        }
        self.learner = Learner::new(network, optimizer(job.recipe), job.recipe, job.data);
        self.progress.sums = sums;
        let record = self.record(0, feedback)?;
        // What the other epochs are to be better than.
        self.look_at(&record);
        self.progress.sums = Sums::default();
        self.progress.head_done = true;
        self.write_state()
    }

    /// Trains the epoch under way to its end, or to the stop: `false`.
    ///
    /// # Errors
    /// A loss that is not finite, a picture that cannot be decoded, or a state
    /// that cannot be written.
    pub fn train_epoch(
        &mut self,
        feedback: &mut dyn Feedback,
        stop: &AtomicBool,
    ) -> Result<bool, TrainError> {
        let (job, recipe, epoch) = (self.job, self.job.recipe, self.progress.epoch);
        let size = recipe.image_size_in(epoch);
        let loader = Loader::new(job.data, &job.data.train, recipe.batch_size, size)
            .for_device(job.device());
        feedback.epoch_begins(epoch, size, self.progress.step, self.steps);
        self.epoch_began = (Instant::now(), self.progress.sums.images);
        loader.shuffled(recipe, epoch, self.progress.step, |batch| {
            if stop.load(Ordering::Relaxed) && self.at_update() {
                return Ok(ControlFlow::Break(()));
            }
            self.step(batch, &loader)?;
            if self.unread.len() >= self.unread_steps {
                self.read_steps(feedback)?;
            }
            if self.at_update() && self.state_written.elapsed() >= job.state_interval {
                self.read_steps(feedback)?;
                self.write_state()?;
            }
            Ok(ControlFlow::Continue(()))
        })?;
        self.read_steps(feedback)?;
        Ok(self.progress.step == self.steps)
    }

    /// Whether the weights have taken in every gradient so far.
    fn at_update(&self) -> bool {
        let step = self.progress.step;
        step.is_multiple_of(self.job.recipe.accumulate) || step == self.steps
    }

    /// How many steps make up the update that the next step belongs to: fewer
    /// at the end of an epoch.
    fn steps_of_update(&self) -> usize {
        let accumulate = self.job.recipe.accumulate;
        let first = self.progress.step / accumulate * accumulate;
        accumulate.min(self.steps - first)
    }

    /// Learns from `batch`; what that gave is read later.
    ///
    /// # Errors
    /// A device failed.
    fn step(&mut self, batch: Batch, loader: &Loader<'_>) -> Result<(), TrainError> {
        let recipe = self.job.recipe;
        let group = self.steps_of_update();
        let progress = &mut self.progress;
        let done = (progress.epoch - 1) * self.steps + progress.step;
        // Dropout and stochastic depth of a step depend on nothing before it.
        self.devices
            .seed(recipe.seed ^ (done as u64 + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15));
        let rate = self.rate.at(done, progress.plateaus);
        progress.step += 1;
        let update = self.at_update();
        let stepped = self.learner.step(
            batch,
            loader,
            recipe,
            group,
            update.then_some(rate),
            &self.devices,
        )?;
        self.unread.push(Unread {
            step: self.progress.step,
            learning_rate: rate,
            stepped,
        });
        if update {
            self.progress.updates += 1;
            if let Some(average) = &mut self.average {
                average.update(&self.learner.network, self.progress.updates);
            }
        }
        Ok(())
    }

    /// Waits for the steps that are under way and counts what they gave.
    ///
    /// # Errors
    /// A loss or a gradient that is not finite.
    fn read_steps(&mut self, feedback: &mut dyn Feedback) -> Result<(), TrainError> {
        for unread in std::mem::take(&mut self.unread) {
            let step = unread.stepped.read();
            let epoch = self.progress.epoch;
            if !step.loss.is_finite() || !step.gradient_is_finite {
                let number = unread.step;
                return Err(TrainError::NonFiniteLoss {
                    loss: step.loss,
                    epoch,
                    place: match step.loss.is_finite() {
                        true => format!("step {number}, with a gradient that is not finite"),
                        false => format!("step {number}"),
                    },
                });
            }
            let sums = &mut self.progress.sums;
            sums.images += step.images;
            sums.loss += step.loss * step.images as f64;
            sums.correct += step.correct;
            sums.learning_rate = unread.learning_rate;
            let images = sums.images as f64;
            feedback.step(&StepRecord {
                epoch,
                step: unread.step,
                step_of_run: (epoch - 1) * self.steps + unread.step,
                images: sums.images,
                loss: step.loss,
                mean_loss: sums.loss / images,
                mean_top1: sums.correct as f64 / images,
                learning_rate: unread.learning_rate,
            });
        }
        Ok(())
    }

    /// Validates and keeps the epoch that is done; `true` if the run ends early.
    ///
    /// # Errors
    /// A validation loss that is not finite, or a file that cannot be written.
    pub fn finish_epoch(&mut self, feedback: &mut dyn Feedback) -> Result<bool, TrainError> {
        let recipe = self.job.recipe;
        let epoch = self.progress.epoch;
        let record = self.record(epoch, feedback)?;
        let (plateau, ends) = self.look_at(&record);
        let progress = &mut self.progress;
        if plateau && recipe.schedule == ScheduleKind::Plateau {
            progress.plateaus += 1;
            feedback.plateau(epoch);
        }
        progress.epoch = if ends { recipe.epochs } else { epoch } + 1;
        progress.step = 0;
        progress.sums = Sums::default();
        if ends {
            feedback.stops_early(epoch);
        }
        self.write_state()?;
        Ok(ends)
    }

    /// Whether nothing has got better for as long as the `plateau` schedule waits,
    /// and as early stopping does.
    fn look_at(&mut self, record: &EpochRecord) -> (bool, bool) {
        let (recipe, progress) = (self.job.recipe, &mut self.progress);
        let (monitor, figure) = (recipe.monitor, record.monitored(recipe.monitor));
        let (least, patience) = (recipe.plateau_min_delta, recipe.plateau_patience);
        (
            progress.plateau.is_over(monitor, figure, least, patience),
            progress
                .stopping
                .is_over(monitor, figure, 0.0, recipe.early_stopping),
        )
    }

    /// The history of a run that is over. An interrupted epoch is validated and
    /// kept beside the best, and the state says where it was.
    ///
    /// # Errors
    /// As [`finish_epoch`](Self::finish_epoch), or nothing has been learnt.
    pub fn into_history(
        mut self,
        interrupted: bool,
        feedback: &mut dyn Feedback,
    ) -> Result<History, TrainError> {
        if interrupted && self.progress.sums.images > 0 {
            self.write_state()?;
            let epoch = self.progress.epoch;
            let (record, _) = self.validated(epoch, feedback)?;
            let checkpoint = self.checkpoint(&record);
            self.job.run.write_checkpoint(&checkpoint, false)?;
            self.progress.history.epochs.push(record);
            self.job.run.write_history(&self.progress.history)?;
        }
        if self.progress.history.epochs.is_empty() {
            return Err(TrainError::InterruptedEarly);
        }
        Ok(self.progress.history)
    }

    /// Validates what `epoch` has come to and writes its checkpoint and the history.
    fn record(
        &mut self,
        epoch: usize,
        feedback: &mut dyn Feedback,
    ) -> Result<EpochRecord, TrainError> {
        let (record, speed) = self.validated(epoch, feedback)?;
        let monitor = self.job.recipe.monitor;
        let is_best = self.is_best(&record, monitor);
        let checkpoint = self.checkpoint(&record);
        self.job.run.write_checkpoint(&checkpoint, is_best)?;
        if epoch == 0 && self.job.recipe.epochs > 0 {
            checkpoint.save(&self.job.run.head_checkpoint())?;
        }
        self.progress.history.epochs.push(record.clone());
        self.job.run.write_history(&self.progress.history)?;
        let curve = self.rate.curve(&self.progress.history, self.steps);
        self.job.run.write_learning_rate(&curve)?;
        // Of an epoch that an earlier process had trained to its end there is nothing to say.
        if speed.images_per_second > 0.0 {
            self.job.run.add_speed(&speed)?;
        }
        feedback.epoch_ends(&record, &speed, is_best);
        Ok(record)
    }

    fn is_best(&self, record: &EpochRecord, monitor: Monitor) -> bool {
        self.progress.history.best(monitor).is_none_or(|best| {
            monitor.is_better(record.monitored(monitor), best.monitored(monitor))
        })
    }

    /// The network that is validated and exported, without autodiff.
    fn result(&self) -> EfficientNet {
        match &self.average {
            Some(average) => average.network.clone(),
            None => self.learner.network.valid(),
        }
    }

    fn validated(
        &self,
        epoch: usize,
        feedback: &mut dyn Feedback,
    ) -> Result<(EpochRecord, Speed), TrainError> {
        let (job, sums) = (self.job, self.progress.sums);
        let (began, done_before) = self.epoch_began;
        let trained = began.elapsed().as_secs_f64();
        let total = job.data.val.len();
        let loader = Loader::validation(job.data, job.recipe, job.device());
        // A stop ends training, not validation: what was learnt is measured on
        // all images, or `best` would mean nothing.
        let evaluation = validate(
            &self.result(),
            &loader,
            &job.data.classes,
            job.device(),
            |done| {
                feedback.validated(done, total);
            },
        )?;
        if !evaluation.loss.is_finite() {
            return Err(TrainError::NonFiniteLoss {
                loss: evaluation.loss,
                epoch,
                place: "validation".to_owned(),
            });
        }
        let images = sums.images as f64;
        let record = EpochRecord {
            epoch,
            learning_rate: sums.learning_rate,
            train_loss: sums.loss / images,
            train_top1: sums.correct as f64 / images,
            ..EpochRecord::default()
        }
        .validated(&evaluation);
        let speed = Speed {
            epoch,
            images_per_second: (sums.images - done_before) as f64 / trained,
            seconds: began.elapsed().as_secs_f64(),
        };
        Ok((record, speed))
    }

    fn checkpoint(&self, record: &EpochRecord) -> Checkpoint {
        let mut contract = self.job.contract.clone();
        contract.training.epochs = record.epoch;
        contract.training.metrics = record.metrics();
        self.checkpoint_of(&self.result(), contract)
    }

    fn checkpoint_of(&self, network: &EfficientNet, contract: Contract) -> Checkpoint {
        Checkpoint {
            contract,
            family: self.job.config.family,
            tensors: network.named_tensors(),
        }
    }

    /// Writes everything that a later process needs to go on from here.
    ///
    /// # Errors
    /// The file cannot be written; the one before stays as it was.
    pub fn write_state(&mut self) -> Result<(), TrainError> {
        let path = self.job.run.state();
        let optimizer = self.learner.optimizer.into_bytes().map_err(|error| {
            let error = std::io::Error::other(error.to_string());
            TrainError::io("write", &path)(error)
        })?;
        let state = TrainingState {
            progress: self.progress.clone(),
            network: self.learner.network.named_tensors(),
            average: self
                .average
                .as_ref()
                .map(|average| average.network.named_tensors()),
            optimizer: optimizer.to_vec(),
            ids: self.learner.network.tensor_ids(),
        };
        if !state.is_finite() {
            let step = self.progress.step;
            return Err(TrainError::NonFiniteLoss {
                loss: f64::NAN,
                epoch: self.progress.epoch,
                place: format!("after step {step}, with weights that are not finite"),
            });
        }
        state.save(&path)?;
        self.state_written = Instant::now();
        Ok(())
    }
}
