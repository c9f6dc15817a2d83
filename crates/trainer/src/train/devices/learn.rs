//! Forward and backward on one device, in the form that burn-train asks for.

use burn::{
    backend::ExecutionError,
    tensor::Tensor,
    train::{InferenceStep, ItemLazy, TrainOutput, TrainStep},
};

use super::share::Share;
use crate::{model::EfficientNet, train::validate::host_logits};

/// What a share gave besides its gradients, still on its device: reading it
/// waits for the step.
#[derive(Debug)]
pub struct Answer {
    /// Place of the device.
    pub rank: usize,
    /// Class of each image.
    pub labels: Vec<usize>,
    /// How much its images count together in the loss.
    pub weight: f64,
    /// Mean loss over the share, without autodiff.
    loss: Tensor<1>,
    /// `[images, classes]`, without autodiff.
    logits: Tensor<2>,
}

impl Answer {
    /// Mean loss over the share.
    pub fn loss(&self) -> f64 {
        self.loss.clone().into_scalar::<f64>()
    }

    /// How many images have their largest logit at their label.
    pub fn correct(&self) -> usize {
        correct(&host_logits(&self.logits), &self.labels)
    }
}

impl ItemLazy for Answer {
    fn sync(self) -> Result<Self, ExecutionError> {
        self.loss.device().flush()?;
        Ok(self)
    }
}

impl TrainStep for EfficientNet {
    type Input = Share;
    type Output = Answer;

    fn step(&self, share: Share) -> TrainOutput<Answer> {
        let divisor = share.divisor();
        let (loss, answer) = forward(self, share);
        TrainOutput::new(self, (loss / divisor).backward(), answer)
    }
}

/// burn-train's loop would validate with this; ours has
/// [`validate`](crate::train::validate()).
impl InferenceStep for EfficientNet {
    type Input = Share;
    type Output = Answer;

    fn step(&self, share: Share) -> Answer {
        forward(self, share).1
    }
}

fn forward(network: &EfficientNet, share: Share) -> (Tensor<1>, Answer) {
    let weight = share.weight();
    let Share {
        rank,
        device,
        batch,
        task,
        ..
    } = share;
    let pixels = batch.pixels.into_tensor(&task.preprocessing, &device);
    let logits = network.forward(pixels.cast(task.precision.dtype()));
    let loss = task.criterion.loss(logits.clone(), &batch.targets, &device);
    let answer = Answer {
        rank,
        labels: batch.labels,
        weight,
        loss: loss.clone().without_autodiff(),
        logits: logits.without_autodiff(),
    };
    (loss, answer)
}

/// How many rows of `logits` have their largest value at their label.
fn correct(logits: &[f32], labels: &[usize]) -> usize {
    let classes = logits.len() / labels.len();
    logits
        .chunks(classes)
        .zip(labels)
        .filter(|(logits, label)| metrics::argmax(logits) == **label)
        .count()
}
