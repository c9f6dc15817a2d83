//! What every way of classifying runs on: the contract and the sessions.

use std::sync::Arc;
use std::thread;

use contract::{Contract, preprocess};

use crate::pool::Pool;
use crate::session::{ModelSession, Scores};
use crate::{Classification, InferError, Provider};

/// A model's contract and its pool of sessions.
#[derive(Debug)]
pub(crate) struct Engine {
    pub contract: Arc<Contract>,
    pub pool: Pool<ModelSession>,
    pub provider: Provider,
}

impl Engine {
    /// Runs whole images (NHWC uint8, back to back) in one call on the next
    /// free session.
    pub fn run(&self, pixels: &[u8]) -> Result<Scores, InferError> {
        self.pool.lease().run(pixels)
    }

    /// Brings an RGB picture of `size` (`[height, width]`) to the input size.
    pub fn fit(&self, pixels: &[u8], size: [usize; 2]) -> Vec<u8> {
        let Contract {
            input,
            fit,
            preprocessing,
            ..
        } = &*self.contract;
        preprocess::fit(
            pixels,
            size,
            fit,
            preprocessing.resize,
            [input.height, input.width],
        )
    }

    /// Threads that prepare images and run them: on the CPU the sessions take
    /// all cores; on a GPU the cores are free to decode while a session runs.
    pub fn workers(&self) -> usize {
        let sessions = self.pool.size();
        match self.provider {
            Provider::Cpu => sessions,
            Provider::Cuda | Provider::TensorRt => thread::available_parallelism()
                .map_or(1, usize::from)
                .max(sessions),
        }
    }

    /// Runs each session once with one image and once with `max_batch` images,
    /// since the first run of a size allocates memory (on a GPU it also chooses
    /// kernels).
    pub fn warm_up(&self, max_batch: usize) -> Result<(), InferError> {
        let mut sessions: Vec<_> = (0..self.pool.size()).map(|_| self.pool.lease()).collect();
        for images in [1, max_batch] {
            let pixels = vec![0; images * self.contract.input_len()];
            for session in &mut sessions {
                session.run(&pixels)?;
            }
        }
        Ok(())
    }

    /// Checks a buffer's length and returns the number of images in it.
    pub fn check_length(&self, pixels: &[u8], batch: bool) -> Result<usize, InferError> {
        let input = &self.contract.input;
        let expected = self.contract.input_len();
        let fits = if batch {
            pixels.len().is_multiple_of(expected)
        } else {
            pixels.len() == expected
        };
        if fits {
            return Ok(pixels.len() / expected);
        }
        Err(InferError::PixelLength {
            got: pixels.len(),
            expected,
            batch,
            height: input.height,
            width: input.width,
            channels: input.channels,
        })
    }
}

impl Scores {
    /// One classification an image, in order.
    pub fn into_classifications(self, classes: usize) -> impl Iterator<Item = Classification> {
        let images = self.logits.len() / classes;
        (0..images).map(move |i| {
            let row = i * classes..(i + 1) * classes;
            Classification {
                logits: self.logits[row.clone()].to_vec(),
                probabilities: self.probabilities[row].to_vec(),
            }
        })
    }
}
