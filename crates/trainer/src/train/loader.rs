//! Batches, prepared on a thread of their own while the step runs.

use std::{ops::ControlFlow, sync::mpsc::sync_channel};

use contract::preprocess::Preprocessor;
use dataset::Split;
use rand::{SeedableRng, seq::SliceRandom};
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;

use super::TrainingData;
use crate::{augment::Augmentation, error::TrainError};

/// Batches that wait for the step: enough to hide a slow one, little memory.
const PREPARED_BATCHES: usize = 2;

/// A batch as the network takes it.
#[derive(Debug, Clone, PartialEq)]
pub struct Batch {
    /// Normalised pixels, `[images, 3, height, width]`.
    pub pixels: Vec<f32>,
    /// Class of each image.
    pub labels: Vec<usize>,
}

/// Turns a split into batches.
#[derive(Debug)]
pub struct Loader<'a> {
    data: &'a TrainingData,
    split: &'a Split,
    preprocessor: Preprocessor,
    batch_size: usize,
}

impl<'a> Loader<'a> {
    /// Batches of `batch_size` images of `split`, prepared as `data` says.
    pub fn new(data: &'a TrainingData, split: &'a Split, batch_size: usize) -> Self {
        Self {
            data,
            split,
            preprocessor: data.preprocessor(),
            batch_size,
        }
    }

    /// Height and width of the images that the network sees.
    pub fn network_size(&self) -> [usize; 2] {
        [
            self.data.preprocessing.height,
            self.data.preprocessing.width,
        ]
    }

    /// Steps in an epoch of [`shuffled`](Self::shuffled) batches.
    pub fn training_steps(&self) -> usize {
        (self.split.len() / self.batch_size).max(1)
    }

    /// Feeds shuffled, augmented batches to `step` until it breaks. An
    /// incomplete last batch is left out (unless it is the only one): batch
    /// norm over a few images is noise.
    ///
    /// # Errors
    /// A picture that cannot be decoded, or whatever `step` returns.
    pub fn shuffled(
        &self,
        augmentation: &Augmentation,
        seed: u64,
        epoch: usize,
        step: impl FnMut(Batch) -> Result<ControlFlow<()>, TrainError>,
    ) -> Result<(), TrainError> {
        let mut order: Vec<usize> = (0..self.split.len()).collect();
        let mut key = [0; 32];
        key[..8].copy_from_slice(&seed.to_le_bytes());
        key[8..16].copy_from_slice(&(epoch as u64).to_le_bytes());
        key[24..].copy_from_slice(b"shuffle\0");
        order.shuffle(&mut ChaCha8Rng::from_seed(key));
        order.truncate(self.training_steps() * self.batch_size);
        self.feed(&order, Some((augmentation, epoch)), step)
    }

    /// Feeds every image to `step` in the split's order, the last batch as
    /// short as it is.
    ///
    /// # Errors
    /// A picture that cannot be decoded, or whatever `step` returns.
    pub fn in_order(
        &self,
        step: impl FnMut(Batch) -> Result<ControlFlow<()>, TrainError>,
    ) -> Result<(), TrainError> {
        let order: Vec<usize> = (0..self.split.len()).collect();
        self.feed(&order, None, step)
    }

    fn feed(
        &self,
        order: &[usize],
        augmentation: Option<(&Augmentation, usize)>,
        mut step: impl FnMut(Batch) -> Result<ControlFlow<()>, TrainError>,
    ) -> Result<(), TrainError> {
        std::thread::scope(|scope| {
            let (sender, receiver) = sync_channel(PREPARED_BATCHES);
            scope.spawn(move || {
                for indices in order.chunks(self.batch_size) {
                    // The receiver goes when the step breaks or fails.
                    if sender.send(self.batch(indices, augmentation)).is_err() {
                        break;
                    }
                }
            });
            for batch in receiver {
                if step(batch?)?.is_break() {
                    break;
                }
            }
            Ok(())
        })
    }

    fn batch(
        &self,
        indices: &[usize],
        augmentation: Option<(&Augmentation, usize)>,
    ) -> Result<Batch, TrainError> {
        let pictures = indices
            .par_iter()
            .map(|&index| {
                let picture = self.data.picture(self.split, index)?;
                Ok(match augmentation {
                    Some((augmentation, epoch)) => {
                        augmentation.apply(picture, self.data.input, epoch, index)
                    }
                    None => picture,
                })
            })
            .collect::<Result<Vec<_>, TrainError>>()?;
        Ok(Batch {
            pixels: self.preprocessor.batch(&pictures.concat()),
            labels: indices
                .iter()
                .map(|&index| self.split.label(index))
                .collect(),
        })
    }
}
