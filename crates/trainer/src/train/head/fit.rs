//! Training of the last layer.

use augment::batch::SoftTarget;
use burn::{
    module::Module,
    optim::GradientsParams,
    tensor::{Device, Tensor, TensorData},
};
use rand::{SeedableRng, seq::SliceRandom};
use rand_chacha::ChaCha8Rng;

use super::Features;
use crate::{
    error::TrainError,
    model::EfficientNet,
    train::{
        LearningRate, Recipe, SamplerKind, loss::Criterion, optimizer, sampler::draws,
        validate::host_logits,
    },
};

/// Images in a step: features are short, and one step costs next to nothing.
const BATCH: usize = 256;

/// The network with a last layer trained for `recipe.head_epochs` on
/// `features`, whose images have these `labels` out of so many `classes`. `on_epoch` is told epoch, mean loss
/// and accuracy over it.
///
/// # Errors
/// A loss that is not finite.
pub fn fit_head(
    model: EfficientNet,
    features: &Features,
    (labels, classes): (&[usize], usize),
    recipe: &Recipe,
    device: &Device,
    mut on_epoch: impl FnMut(usize, f64, f64),
) -> Result<EfficientNet, TrainError> {
    let mut head = model.clone().freeze_leading(EfficientNet::PARTS);
    let mut optimizer = optimizer(recipe);
    let criterion = Criterion::new(recipe, labels, classes);
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
        if recipe.sampler == SamplerKind::Balanced {
            let drawn = draws(labels, labels.len(), recipe, epoch);
            order = drawn.into_iter().map(|draw| draw.index).collect();
        }
        for indices in order.chunks(BATCH) {
            let count = indices.len();
            let rows = features.subset(indices).values;
            let targets: Vec<SoftTarget> = indices
                .iter()
                .map(|&index| SoftTarget {
                    label: labels[index],
                    mixed_label: labels[index],
                    lambda: 1.0,
                })
                .collect();
            let input = Tensor::from_data(TensorData::new(rows, [count, features.width]), device);
            let logits = head.classify(input);
            let loss = criterion.loss(logits.clone(), &targets, device);
            let value = loss.clone().into_scalar::<f64>();
            if !value.is_finite() {
                return Err(TrainError::NonFiniteLoss {
                    loss: value,
                    epoch,
                    place: "the last layer on its own".to_owned(),
                });
            }
            let gradients = GradientsParams::from_grads(loss.backward(), &head);
            head = optimizer.step(rate.at(step, 0), head, gradients);
            step += 1;
            total += value * count as f64;
            let logits = host_logits(&logits);
            correct += logits
                .chunks(classes)
                .zip(&targets)
                .filter(|(logits, target)| metrics::argmax(logits) == target.label)
                .count();
        }
        let images = labels.len() as f64;
        on_epoch(epoch, total / images, correct as f64 / images);
    }
    Ok(model.with_classifier_of(&head).train())
}
