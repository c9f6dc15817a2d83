//! What all of fine-tuning came to: the network that is set against the last layer alone.

use std::path::PathBuf;

use pretrained::NamedTensors;

use super::measured::Measured;
use crate::{
    checkpoint::Checkpoint,
    error::TrainError,
    train::{EpochRecord, Job, Selection},
};

/// A network of the run's epochs.
pub(super) struct Candidate {
    /// Its file.
    pub path: PathBuf,
    /// What the file holds.
    pub checkpoint: Checkpoint,
    /// What it is called in a sentence, as `epoch 3`.
    pub name: String,
    /// Its figures on the validation images, where they were measured for the choice.
    pub measured: Option<Measured>,
}

impl Candidate {
    /// The network that the recipe's `select` names; `alone` is the last layer alone, where that
    /// was trained first.
    ///
    /// # Errors
    /// There is no checkpoint that can be read, a picture that cannot be decoded, or the averaged
    /// network cannot be written.
    pub fn of(job: &Job<'_>, alone: Option<&Checkpoint>) -> Result<Self, TrainError> {
        let (run, recipe) = (job.run, job.recipe);
        let last = run.last_checkpoint();
        let path = match recipe.select {
            Selection::Last | Selection::Averaged if last.exists() => last,
            _ => run.best_or_last(recipe.monitor)?,
        };
        let checkpoint = Checkpoint::load(&path)?;
        let candidate = Self {
            name: format!("epoch {}", checkpoint.contract.training.epochs),
            path,
            checkpoint,
            measured: None,
        };
        match alone {
            Some(alone) if recipe.select == Selection::Averaged && candidate.is_tuned() => {
                candidate.averaged_with(alone, job)
            }
            _ => Ok(candidate),
        }
    }

    /// Whether any other layer than the last one has learnt.
    pub fn is_tuned(&self) -> bool {
        self.checkpoint.contract.training.epochs > 0
    }

    /// The mean of the candidate and the last layer alone, with figures of its own.
    fn averaged_with(mut self, alone: &Checkpoint, job: &Job<'_>) -> Result<Self, TrainError> {
        average(&mut self.checkpoint.tensors, &alone.tensors);
        let measured = Measured::of(job, &self.checkpoint.tensors)?;
        let figures = EpochRecord::default().validated(&measured.evaluation);
        self.checkpoint.contract.training.metrics = figures.metrics();
        self.path = job.run.averaged_checkpoint();
        self.checkpoint.save(&self.path)?;
        self.name += ", averaged with the last layer alone";
        self.measured = Some(measured);
        Ok(self)
    }
}

/// Puts the mean of both in place of each value. Both are of one run, so they have the same names
/// and shapes; the running statistics are averaged too, and are the same where they were frozen.
fn average(tensors: &mut NamedTensors, with: &NamedTensors) {
    for (tensor, with) in tensors.values_mut().zip(with.values()) {
        for (value, with) in tensor.values.iter_mut().zip(&with.values) {
            *value = (*with + *value) / 2.0;
        }
    }
}

#[cfg(test)]
mod tests {
    use pretrained::NamedTensor;

    use super::*;

    #[test]
    fn the_mean_is_of_each_value() {
        let network = |values: [f32; 2]| {
            let tensor = NamedTensor {
                shape: vec![2],
                values: values.to_vec(),
            };
            NamedTensors::from([("conv_stem.weight".to_owned(), tensor)])
        };
        let mut tensors = network([2.0, 4.0]);
        average(&mut tensors, &network([1.0, -2.0]));
        assert_eq!(tensors, network([1.5, 1.0]));
    }
}
