//! Who is told how a run goes.

use std::path::Path;

use crate::train::{EpochRecord, Speed};

/// A training step that is done.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct StepRecord {
    /// Epoch, counted from one.
    pub epoch: usize,
    /// Step of the epoch, counted from one.
    pub step: usize,
    /// Step of the run, counted from one.
    pub step_of_run: usize,
    /// Images of the epoch so far.
    pub images: usize,
    /// Loss of this step's batch.
    pub loss: f64,
    /// Mean loss over the epoch so far.
    pub mean_loss: f64,
    /// Share of the epoch's images so far that were classified right, in `[0, 1]`.
    pub mean_top1: f64,
    /// Learning rate of this step.
    pub learning_rate: f64,
}

/// Is told how the run goes.
#[expect(unused_variables, reason = "a listener need not care for everything")]
pub trait Feedback: Send {
    /// `done` of `total` images have got features for the last layer.
    fn features(&mut self, done: usize, total: usize) {}
    /// Features that were kept in the file at `path` are damaged and computed again.
    fn damaged_features(&mut self, path: &Path) {}
    /// The last layer alone has done one of its `epochs` with this mean loss and accuracy.
    fn head_epoch(&mut self, epoch: usize, epochs: usize, loss: f64, top1: f64) {}
    /// An epoch begins on images of side `size`, `done` of its `steps` done already.
    fn epoch_begins(&mut self, epoch: usize, size: usize, done: usize, steps: usize) {}
    /// A training step is done.
    fn step(&mut self, step: &StepRecord) {}
    /// `done` of `total` validation images are done.
    fn validated(&mut self, done: usize, total: usize) {}
    /// An epoch is over and its files are written.
    fn epoch_ends(&mut self, record: &EpochRecord, speed: &Speed, is_best: bool) {}
    /// The learning rate falls by its factor from here on.
    fn plateau(&mut self, epoch: usize) {}
    /// The run ends before its last epoch, as nothing got better.
    fn stops_early(&mut self, epoch: usize) {}
}

/// Tells one, then the other.
impl<A: Feedback, B: Feedback> Feedback for (A, B) {
    fn features(&mut self, done: usize, total: usize) {
        self.0.features(done, total);
        self.1.features(done, total);
    }

    fn damaged_features(&mut self, path: &Path) {
        self.0.damaged_features(path);
        self.1.damaged_features(path);
    }

    fn head_epoch(&mut self, epoch: usize, epochs: usize, loss: f64, top1: f64) {
        self.0.head_epoch(epoch, epochs, loss, top1);
        self.1.head_epoch(epoch, epochs, loss, top1);
    }

    fn epoch_begins(&mut self, epoch: usize, size: usize, done: usize, steps: usize) {
        self.0.epoch_begins(epoch, size, done, steps);
        self.1.epoch_begins(epoch, size, done, steps);
    }

    fn step(&mut self, step: &StepRecord) {
        self.0.step(step);
        self.1.step(step);
    }

    fn validated(&mut self, done: usize, total: usize) {
        self.0.validated(done, total);
        self.1.validated(done, total);
    }

    fn epoch_ends(&mut self, record: &EpochRecord, speed: &Speed, is_best: bool) {
        self.0.epoch_ends(record, speed, is_best);
        self.1.epoch_ends(record, speed, is_best);
    }

    fn plateau(&mut self, epoch: usize) {
        self.0.plateau(epoch);
        self.1.plateau(epoch);
    }

    fn stops_early(&mut self, epoch: usize) {
        self.0.stops_early(epoch);
        self.1.stops_early(epoch);
    }
}
