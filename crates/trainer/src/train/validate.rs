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
    for_each_answer(model, loader, device, |logits, label| {
        running.add(logits, label);
        done += 1;
        on_images(done);
    })?;
    Ok(running.finish())
}

/// Hands logits and label of every image of `loader` to `on_answer`, in their order.
///
/// # Errors
/// A picture that cannot be decoded.
pub(super) fn for_each_answer(
    model: &EfficientNet,
    loader: &Loader<'_>,
    device: &Device,
    mut on_answer: impl FnMut(&[f32], usize),
) -> Result<(), TrainError> {
    loader.in_order(|batch| {
        let labels = batch.labels.clone();
        let images = batch.pixels.into_tensor(loader.preprocessing(), device);
        let logits = host_logits(&model.forward(images));
        let classes = logits.len() / labels.len();
        for (logits, label) in logits.chunks(classes).zip(labels) {
            on_answer(logits, label);
        }
        Ok(ControlFlow::Continue(()))
    })
}

/// Reads logits back, row by row.
pub(super) fn host_logits(logits: &Tensor<2>) -> Vec<f32> {
    logits.to_data().iter::<f32>().collect()
}
