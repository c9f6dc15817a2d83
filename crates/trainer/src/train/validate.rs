//! Loss and accuracy of the network in burn over a split.

use std::ops::ControlFlow;

use burn::tensor::{Device, Tensor};
use metrics::{Evaluation, RunningEvaluation};

use super::Loader;
use crate::{error::TrainError, model::EfficientNet};

/// Evaluates `model` (made with `valid()`) on every image of `loader`.
///
/// `on_images` is told how many images are done.
///
/// # Errors
/// A picture that cannot be decoded.
pub fn validate(
    model: &EfficientNet,
    loader: &Loader<'_>,
    classes: &[String],
    device: &Device,
    mut on_images: impl FnMut(usize),
) -> Result<Evaluation, TrainError> {
    let mut running = RunningEvaluation::new(classes);
    let mut done = 0;
    loader.in_order(|batch| {
        let labels = batch.labels.clone();
        let images = batch.pixels.into_tensor(loader.preprocessing(), device);
        let logits = host_logits(&model.forward(images));
        for (logits, label) in logits.chunks(classes.len()).zip(&labels) {
            running.add(logits, *label);
        }
        done += labels.len();
        on_images(done);
        Ok(ControlFlow::Continue(()))
    })?;
    Ok(running.finish())
}

/// Reads logits back, row by row.
pub(super) fn host_logits(logits: &Tensor<2>) -> Vec<f32> {
    logits.to_data().iter::<f32>().collect()
}
