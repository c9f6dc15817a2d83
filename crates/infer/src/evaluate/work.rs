//! The workers of an evaluation: each takes batches, prepares and runs them.

use std::mem;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use crossbeam_channel::Sender;
use dataset::Split;

use crate::{Classifier, InferError};

/// How long a worker keeps answers for itself: whoever scores them wakes up on a core
/// that runs a session, which after every run costs 2 % of the speed.
const KEPT: Duration = Duration::from_millis(50);

/// What the workers share.
pub(super) struct Job<'a> {
    classifier: &'a Classifier,
    split: &'a Split,
    batches: Vec<&'a [usize]>,
    batch_size: usize,
    next: AtomicUsize,
    stop: AtomicBool,
}

/// A worker's answer for batch number `batch`.
pub(super) struct BatchAnswer {
    pub batch: usize,
    pub logits: Vec<f32>,
    pub prepare: Duration,
    pub run: Duration,
}

impl<'a> Job<'a> {
    /// The images at `indices`, `batch_size` of them a run.
    pub fn new(
        classifier: &'a Classifier,
        split: &'a Split,
        indices: &'a [usize],
        batch_size: usize,
    ) -> Self {
        Self {
            classifier,
            split,
            batches: indices.chunks(batch_size).collect(),
            batch_size,
            next: AtomicUsize::new(0),
            stop: AtomicBool::new(false),
        }
    }

    /// The images of batch number `batch`.
    pub fn batch(&self, batch: usize) -> &'a [usize] {
        self.batches[batch]
    }

    /// Workers that there is something to do for.
    pub fn workers(&self) -> usize {
        self.classifier.workers().min(self.batches.len())
    }

    /// Lets the workers end after the batch that they are at.
    pub fn stop(&self) {
        self.stop.store(true, Ordering::Relaxed);
    }

    /// Takes batches until there are none left, one fails or somebody stops.
    pub fn work(&self, answers: &Sender<Result<Vec<BatchAnswer>, InferError>>) {
        let mut pixels =
            Vec::with_capacity(self.batch_size * self.classifier.contract().input_len());
        let mut kept = Vec::new();
        let mut sent = Instant::now();
        while !self.stop.load(Ordering::Relaxed) {
            let batch = self.next.fetch_add(1, Ordering::Relaxed);
            if batch >= self.batches.len() {
                break;
            }
            match self.run(batch, &mut pixels) {
                Ok(answer) => kept.push(answer),
                Err(error) => {
                    let _ = answers.send(Err(error));
                    return;
                }
            }
            if sent.elapsed() >= KEPT {
                if answers.send(Ok(mem::take(&mut kept))).is_err() {
                    return;
                }
                sent = Instant::now();
            }
        }
        let _ = answers.send(Ok(kept));
    }

    fn run(&self, batch: usize, pixels: &mut Vec<u8>) -> Result<BatchAnswer, InferError> {
        let start = Instant::now();
        pixels.clear();
        for &index in self.batches[batch] {
            self.append(index, pixels)?;
        }
        // A GPU tunes its kernels to a batch size; an odd last batch would
        // make it start over, so zeros fill it up.
        if self.classifier.provider().is_gpu() {
            pixels.resize(self.batch_size * self.classifier.contract().input_len(), 0);
        }
        let prepared = Instant::now();
        let mut scores = self.classifier.run(pixels)?;
        let values = self.batches[batch].len() * self.classifier.contract().classes.len();
        scores.logits.truncate(values);
        Ok(BatchAnswer {
            batch,
            logits: scores.logits,
            prepare: prepared - start,
            run: prepared.elapsed(),
        })
    }

    /// Appends one image at the input size; decodes and fits it if need be.
    fn append(&self, index: usize, pixels: &mut Vec<u8>) -> Result<(), InferError> {
        let input = &self.classifier.contract().input;
        let image = self.split.image(index)?;
        if [image.height, image.width] == [input.height, input.width] {
            pixels.extend_from_slice(&image.pixels);
        } else {
            pixels.extend(
                self.classifier
                    .fit(&image.pixels, [image.height, image.width]),
            );
        }
        Ok(())
    }
}
