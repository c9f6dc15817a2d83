//! Running two models in turn on the same images.

use std::time::{Duration, Instant};

use dataset::Split;
use rayon::prelude::*;

use super::Speed;
use crate::session::Scores;
use crate::{Classifier, InferError};

/// Runs a session makes in each block: enough to keep all sessions busy until
/// near the end, few enough that the load of the machine hardly changes
/// between the two models' turns.
const RUNS_A_BLOCK: usize = 8;

/// Two models, and the time that each took.
pub(super) struct SideBySide<'a> {
    models: [&'a Classifier; 2],
    batch_sizes: [usize; 2],
    /// Images of each block, and how long each model took for them.
    blocks: Vec<(usize, [Duration; 2])>,
    warmed_up: bool,
}

impl<'a> SideBySide<'a> {
    pub fn new(models: [&'a Classifier; 2], batch_size: Option<usize>) -> Self {
        let batch_sizes = models.map(|model| {
            batch_size
                .unwrap_or_else(|| model.default_batch_size())
                .max(1)
        });
        Self {
            models,
            batch_sizes,
            blocks: Vec::new(),
            warmed_up: false,
        }
    }

    /// Images in a block; all of them are in memory at once.
    pub fn block_size(&self) -> usize {
        let sizes = [0, 1].map(|i| self.batch_sizes[i] * self.models[i].sessions());
        sizes[0].max(sizes[1]) * RUNS_A_BLOCK
    }

    /// Runs both models on the images at `indices`; which goes first
    /// alternates.
    pub fn run(&mut self, split: &Split, indices: &[usize]) -> Result<[Scores; 2], InferError> {
        let pixels = self.prepare(split, indices)?;
        let pixels = [&pixels[0], pixels.get(1).unwrap_or(&pixels[0])];
        if !self.warmed_up {
            // First runs allocate memory and, on a GPU, choose kernels.
            for (i, pixels) in pixels.into_iter().enumerate() {
                self.run_one(i, pixels)?;
            }
            self.warmed_up = true;
        }
        let run = |i: usize| self.run_one(i, pixels[i]);
        let ((first, first_time), (second, second_time)) = if self.blocks.len().is_multiple_of(2) {
            let first = run(0)?;
            (first, run(1)?)
        } else {
            let second = run(1)?;
            (run(0)?, second)
        };
        self.blocks.push((indices.len(), [first_time, second_time]));
        Ok([first, second])
    }

    /// Decodes each image once: the pixels for each model, or one buffer where
    /// both want the same.
    fn prepare(&self, split: &Split, indices: &[usize]) -> Result<Vec<Vec<u8>>, InferError> {
        let [first, second] = self.models.map(Classifier::contract);
        let same = first.fit == second.fit
            && first.preprocessing.resize == second.preprocessing.resize
            && [first.input.height, first.input.width] == [second.input.height, second.input.width];
        let models = &self.models[..if same { 1 } else { 2 }];
        let images = indices
            .par_iter()
            .map(|&index| {
                let image = split.image(index)?;
                let size = [image.height, image.width];
                let fit = |model: &&Classifier| model.fit(&image.pixels, size);
                Ok(models.iter().map(fit).collect())
            })
            .collect::<Result<Vec<Vec<Vec<u8>>>, InferError>>()?;
        let of_model = |i| images.iter().flat_map(|image| &image[i]).copied().collect();
        Ok((0..models.len()).map(of_model).collect())
    }

    /// Runs model `i` in batches on all its sessions.
    fn run_one(&self, i: usize, pixels: &[u8]) -> Result<(Scores, Duration), InferError> {
        let model = self.models[i];
        let start = Instant::now();
        let parts = pixels
            .par_chunks(self.batch_sizes[i] * model.contract().input_len())
            .map(|batch| model.run(batch))
            .collect::<Result<Vec<Scores>, InferError>>()?;
        let time = start.elapsed();
        let scores = Scores {
            logits: parts
                .iter()
                .flat_map(|part| &part.logits)
                .copied()
                .collect(),
            probabilities: parts
                .iter()
                .flat_map(|part| &part.probabilities)
                .copied()
                .collect(),
        };
        Ok((scores, time))
    }

    pub fn speed(&self) -> Speed {
        let images: usize = self.blocks.iter().map(|(images, _)| images).sum();
        let seconds = |i: usize| -> f64 {
            let times = self.blocks.iter().map(|(_, times)| times[i].as_secs_f64());
            times.sum::<f64>().max(f64::MIN_POSITIVE)
        };
        let mut ratios: Vec<f64> = self
            .blocks
            .iter()
            .map(|(_, [first, second])| {
                first.as_secs_f64() / second.as_secs_f64().max(f64::MIN_POSITIVE)
            })
            .collect();
        ratios.sort_by(f64::total_cmp);
        Speed {
            images_per_second: [0, 1].map(|i| images as f64 / seconds(i)),
            ratio: ratios.get(ratios.len() / 2).copied().unwrap_or(1.0),
        }
    }
}
