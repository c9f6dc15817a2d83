//! A network on the validation images.

use metrics::{Evaluation, ImageScores, RunningEvaluation};
use pretrained::NamedTensors;

use crate::{
    error::TrainError,
    train::{Job, Loader, validate::for_each_answer},
};

/// What a network says of each validation image, and its figures on all of them.
pub(super) struct Measured {
    /// Of each image, in the split's order.
    pub scores: Vec<ImageScores>,
    /// Of the split.
    pub evaluation: Evaluation,
}

impl Measured {
    /// Runs the network with these tensors over the run's validation split.
    ///
    /// # Errors
    /// The tensors are another network's, or a picture cannot be decoded.
    pub fn of(job: &Job<'_>, tensors: &NamedTensors) -> Result<Self, TrainError> {
        let network = job.config.init(job.device());
        let network = network.with_tensors(tensors.clone())?;
        let loader = Loader::validation(job.data, job.recipe, job.device());
        let mut scores = Vec::with_capacity(job.data.val.len());
        let mut running = RunningEvaluation::new(&job.data.classes);
        for_each_answer(&network, &loader, job.device(), |logits, label| {
            running.add(logits, label);
            scores.push(ImageScores::new(logits, label, 1.0));
        })?;
        Ok(Self {
            scores,
            evaluation: running.finish(),
        })
    }
}
