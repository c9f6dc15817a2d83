//! Training of the last layer.

use burn::{
    module::Module,
    nn::loss::CrossEntropyLoss,
    optim::GradientsParams,
    tensor::{Device, Int, Tensor, TensorData},
};
use rand::{SeedableRng, seq::SliceRandom};
use rand_chacha::ChaCha8Rng;

use super::Features;
use crate::{
    error::TrainError,
    model::EfficientNet,
    train::{LearningRate, Recipe, optimizer, validate::host_logits},
};

/// Images in a step: features are short, and one step costs next to nothing.
const BATCH: usize = 256;

/// The network with a last layer trained for `recipe.head_epochs` on
/// `features`, whose images have `labels`. `on_epoch` is told epoch, mean loss
/// and accuracy over it.
///
/// # Errors
/// A loss that is not finite.
pub fn fit_head(
    model: EfficientNet,
    features: &Features,
    labels: &[usize],
    recipe: &Recipe,
    loss: &CrossEntropyLoss,
    device: &Device,
    mut on_epoch: impl FnMut(usize, f64, f64),
) -> Result<EfficientNet, TrainError> {
    let mut head = model.clone().freeze_leading(EfficientNet::PARTS);
    let mut optimizer = optimizer(recipe);
    let steps = labels.len().div_ceil(BATCH);
    let rate = LearningRate::cosine(recipe.head_learning_rate, recipe.head_epochs * steps);
    let mut order: Vec<usize> = (0..labels.len()).collect();
    let mut step = 0;
    for epoch in 1..=recipe.head_epochs {
        let mut key = [0; 32];
        key[..8].copy_from_slice(&recipe.seed.to_le_bytes());
        key[8..16].copy_from_slice(&(epoch as u64).to_le_bytes());
        key[24..].copy_from_slice(b"head\0\0\0\0");
        order.shuffle(&mut ChaCha8Rng::from_seed(key));
        let (mut total, mut correct) = (0.0, 0);
        for indices in order.chunks(BATCH) {
            let count = indices.len();
            let rows = indices.iter().flat_map(|&index| {
                features.values[index * features.width..(index + 1) * features.width].iter()
            });
            let rows: Vec<f32> = rows.copied().collect();
            let targets: Vec<i64> = indices.iter().map(|&index| labels[index] as i64).collect();
            let input = Tensor::from_data(TensorData::new(rows, [count, features.width]), device);
            let targets_on_device =
                Tensor::<1, Int>::from_data(TensorData::new(targets.clone(), [count]), device);
            let logits = head.classify(input);
            let loss = loss.forward(logits.clone(), targets_on_device);
            let value = loss.clone().into_scalar::<f64>();
            if !value.is_finite() {
                return Err(TrainError::NonFiniteLoss {
                    loss: value,
                    epoch,
                    place: "the last layer on its own".to_owned(),
                });
            }
            let gradients = GradientsParams::from_grads(loss.backward(), &head);
            head = optimizer.step(rate.at(step), head, gradients);
            step += 1;
            total += value * count as f64;
            let logits = host_logits(&logits);
            let classes = logits.len() / count;
            correct += logits
                .chunks(classes)
                .zip(&targets)
                .filter(|(logits, target)| metrics::argmax(logits) as i64 == **target)
                .count();
        }
        let images = labels.len() as f64;
        on_epoch(epoch, total / images, correct as f64 / images);
    }
    Ok(model.with_classifier_of(&head).train())
}
