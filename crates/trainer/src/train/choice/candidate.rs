//! What all of fine-tuning came to: the network that is set against the last layer alone.

use std::path::PathBuf;

use pretrained::{NamedTensor, NamedTensors};

use super::measured::Measured;
use crate::{
    checkpoint::Checkpoint,
    error::TrainError,
    train::{History, Job, Selection},
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
    /// The network that the recipe's `select` names.
    ///
    /// # Errors
    /// There is no checkpoint that can be read, a picture that cannot be decoded, or the averaged
    /// network cannot be written.
    pub fn of(job: &Job<'_>, history: &History) -> Result<Self, TrainError> {
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
        let tuned = candidate.checkpoint.contract.training.epochs > 0;
        match recipe.select == Selection::Averaged && tuned && run.head_checkpoint().exists() {
            true => candidate.averaged(job, history),
            false => Ok(candidate),
        }
    }

    /// The mean of the candidate and the last layer alone, with figures of its own.
    fn averaged(self, job: &Job<'_>, history: &History) -> Result<Self, TrainError> {
        let alone = Checkpoint::load(&job.run.head_checkpoint())?;
        let mut checkpoint = self.checkpoint;
        checkpoint.tensors = mean(&alone.tensors, &checkpoint.tensors);
        let measured = Measured::of(job, &checkpoint.tensors)?;
        let epoch = checkpoint.contract.training.epochs;
        let record = history.epochs.iter().rev().find(|r| r.epoch == epoch);
        let record = record.cloned().unwrap_or_default();
        checkpoint.contract.training.metrics = record.validated(&measured.evaluation).metrics();
        let path = job.run.averaged_checkpoint();
        checkpoint.save(&path)?;
        Ok(Self {
            path,
            checkpoint,
            name: format!("{}, averaged with the last layer alone", self.name),
            measured: Some(measured),
        })
    }
}

/// The mean of two networks' tensors. Both are of one run, so they have the same names and
/// shapes; the running statistics are averaged too, and are the same where they were frozen.
fn mean(a: &NamedTensors, b: &NamedTensors) -> NamedTensors {
    let mean = |(name, b): (&String, &NamedTensor)| {
        let values = match a.get(name) {
            Some(a) => {
                let pairs = a.values.iter().zip(&b.values);
                pairs.map(|(a, b)| (a + b) / 2.0).collect()
            }
            None => b.values.clone(),
        };
        let shape = b.shape.clone();
        (name.clone(), NamedTensor { shape, values })
    };
    b.iter().map(mean).collect()
}

#[cfg(test)]
mod tests {
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
        let mean = mean(&network([1.0, -2.0]), &network([2.0, 4.0]));
        assert_eq!(mean, network([1.5, 1.0]));
    }
}
