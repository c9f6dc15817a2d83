//! A worker: takes batches from the queue, prepares and runs them, answers.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Instant;

use super::batch::Batches;
use super::job::Job;
use super::prepare;
use crate::InferError;
use crate::engine::Engine;
use crate::event::{Event, Hook};
use crate::request::Image;
use crate::session::Scores;

/// What a worker thread needs.
pub(super) struct Worker {
    pub number: usize,
    pub engine: Arc<Engine>,
    pub batches: Arc<Batches>,
    pub max_batch: usize,
    pub max_pixels: u64,
    pub hook: Hook,
}

impl Worker {
    /// Answers batches until the queue is closed and empty.
    pub fn work(&self) {
        while let Some(batch) = self.batches.next(self.number) {
            let images = batch.len();
            // Jobs that a panic drops are answered by their `Drop`.
            if catch_unwind(AssertUnwindSafe(|| self.answer(batch))).is_err() {
                tracing::error!("a worker panicked on a batch; it goes on with the next one");
            }
            self.batches.done(images);
        }
    }

    /// Prepares and runs a batch. An image that is refused does not keep the
    /// others from being classified.
    fn answer(&self, batch: Vec<Job>) {
        let mut pixels = Vec::with_capacity(batch.len() * self.engine.contract.input_len());
        let mut jobs = Vec::with_capacity(batch.len());
        for job in batch {
            let Some((job, image)) = job.take() else {
                continue;
            };
            match job.span.in_scope(|| self.prepare(image)) {
                Ok(prepared) => {
                    pixels.extend(prepared);
                    jobs.push(job);
                }
                Err(error) => job.finish(Err(error)),
            }
        }
        if !jobs.is_empty() {
            self.run(jobs, pixels);
        }
    }

    /// The image's pixels. A decoder that panics on a malicious file takes
    /// nothing else with it.
    fn prepare(&self, image: Image) -> Result<Vec<u8>, InferError> {
        let prepare = || prepare::pixels(&self.engine, image, self.max_pixels);
        catch_unwind(AssertUnwindSafe(prepare)).unwrap_or(Err(InferError::Panicked {
            action: "decode the image",
        }))
    }

    fn run(&self, jobs: Vec<Job>, mut pixels: Vec<u8>) {
        let images = jobs.len();
        let span = tracing::debug_span!("batch", images);
        for job in &jobs {
            span.follows_from(&job.span);
        }
        let _entered = span.enter();

        let len = self.engine.contract.input_len();
        // A GPU tunes its kernels to a batch size, so there are to be few of
        // them; zeros fill a batch up, and the rows for them are left over.
        if self.engine.provider.is_gpu() {
            let padded = images.next_power_of_two().min(self.max_batch.max(images));
            pixels.resize(padded * len, 0);
        }
        match self.timed_run(&pixels, images) {
            Ok(scores) => {
                let classes = self.engine.contract.classes.len();
                for (job, answer) in jobs.into_iter().zip(scores.into_classifications(classes)) {
                    job.finish(Ok(answer));
                }
            }
            Err(error) if images == 1 => {
                for (job, error) in jobs.into_iter().zip([error]) {
                    job.finish(Err(error));
                }
            }
            Err(error) => {
                // What is too much for the memory in a batch may work alone.
                tracing::warn!("a batch of {images} images failed, each is run alone: {error}");
                for (job, pixels) in jobs.into_iter().zip(pixels.chunks_exact(len)) {
                    self.run(vec![job], pixels.to_vec());
                }
            }
        }
    }

    fn timed_run(&self, pixels: &[u8], images: usize) -> Result<Scores, InferError> {
        let mut session = self.engine.pool.lease();
        let start = Instant::now();
        let scores = session.run(pixels)?;
        let run = start.elapsed();
        drop(session);
        self.hook.tell(&Event::Batch { images, run });
        Ok(scores)
    }
}
