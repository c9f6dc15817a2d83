//! Cross-entropy with soft targets, as timm's `SoftTargetCrossEntropy`; with class
//! weights and label smoothing, as PyTorch's `CrossEntropyLoss`.

use std::sync::Arc;

use augment::batch::SoftTarget;
use burn::tensor::{Device, Tensor, TensorData, activation::log_softmax};

use super::{ClassWeighting, Recipe, class_weights};

/// What the loss is, beyond cross-entropy.
#[derive(Debug, Clone, PartialEq)]
pub struct Criterion {
    /// Probability mass given evenly to all classes, in `[0, 1)`.
    pub smoothing: f64,
    /// How much an image of each class counts, where they do not all count the same.
    pub class_weights: Option<Arc<[f32]>>,
}

impl Criterion {
    /// The recipe's, for training images of these `labels`.
    pub fn new(recipe: &Recipe, labels: &[usize], classes: usize) -> Self {
        let weights = || class_weights(labels, classes, recipe.class_weights).into();
        Self {
            smoothing: recipe.label_smoothing,
            class_weights: (recipe.class_weights != ClassWeighting::None).then(weights),
        }
    }

    /// How much the images of a batch count together: as many as they are, if all count
    /// the same. A mixed image counts as its parts do.
    pub fn weight(&self, targets: &[SoftTarget]) -> f64 {
        let Some(weights) = &self.class_weights else {
            return targets.len() as f64;
        };
        let weight = |target: &SoftTarget| {
            let (label, mixed) = (weights[target.label], weights[target.mixed_label]);
            target.lambda * f64::from(label) + (1.0 - target.lambda) * f64::from(mixed)
        };
        targets.iter().map(weight).sum()
    }

    /// Mean loss over a batch, in which each image counts by its [weight](Self::weight).
    ///
    /// For targets that are not mixed this is PyTorch's `CrossEntropyLoss(weight,
    /// label_smoothing)`: of an image's loss, the part of every class counts by that
    /// class's weight, smoothing's parts too; the sum over the batch is divided by the
    /// weights of the labels.
    ///
    /// # Shapes
    /// - logits: `[images, classes]`
    /// - output: `[1]`
    pub fn loss(&self, logits: Tensor<2>, targets: &[SoftTarget], device: &Device) -> Tensor<1> {
        let [images, classes] = logits.dims();
        let probabilities = target_probabilities(targets, classes, self.smoothing, device);
        let Some(weights) = &self.class_weights else {
            return soft_cross_entropy(logits, probabilities);
        };
        let weights = TensorData::new(weights.to_vec(), [1, classes]);
        let counted = probabilities * Tensor::from_data(weights, device);
        soft_cross_entropy(logits, counted) * (images as f64 / self.weight(targets))
    }
}

/// What the network is to answer: `[images, classes]`, rows that sum to one.
/// `smoothing` is given evenly to all classes (Szegedy et al. 2016), as
/// PyTorch's `label_smoothing`.
pub fn target_probabilities(
    targets: &[SoftTarget],
    classes: usize,
    smoothing: f64,
    device: &Device,
) -> Tensor<2> {
    let everywhere = (smoothing / classes as f64) as f32;
    let mut values = vec![everywhere; targets.len() * classes];
    for (target, row) in targets.iter().zip(values.chunks_mut(classes)) {
        row[target.label] += ((1.0 - smoothing) * target.lambda) as f32;
        row[target.mixed_label] += ((1.0 - smoothing) * (1.0 - target.lambda)) as f32;
    }
    Tensor::from_data(TensorData::new(values, [targets.len(), classes]), device)
}

/// Mean cross-entropy.
///
/// # Shapes
/// - logits, probabilities: `[images, classes]`
/// - output: `[1]`
pub fn soft_cross_entropy(logits: Tensor<2>, probabilities: Tensor<2>) -> Tensor<1> {
    let [images, _] = logits.dims();
    (probabilities * log_softmax(logits, 1)).sum() / -(images as f64)
}

#[cfg(test)]
mod tests {
    use burn::{
        nn::loss::CrossEntropyLossConfig,
        tensor::{Distribution, Int},
    };

    use super::*;

    fn target(label: usize, mixed_label: usize, lambda: f64) -> SoftTarget {
        SoftTarget {
            label,
            mixed_label,
            lambda,
        }
    }

    #[test]
    fn hard_targets_give_burns_cross_entropy() {
        let device = Device::flex();
        let logits = Tensor::<2>::random([4, 7], Distribution::Normal(0.0, 3.0), &device);
        let labels = [3, 0, 6, 3];
        let targets: Vec<_> = labels
            .iter()
            .map(|&label| target(label, label, 1.0))
            .collect();
        let on_device = Tensor::<1, Int>::from_ints(labels.map(|label| label as i32), &device);
        for smoothing in [0.0f32, 0.1] {
            let burns = CrossEntropyLossConfig::new()
                .with_smoothing((smoothing > 0.0).then_some(smoothing))
                .init(&device)
                .forward(logits.clone(), on_device.clone())
                .into_scalar::<f32>();
            let probabilities = target_probabilities(&targets, 7, f64::from(smoothing), &device);
            let ours = soft_cross_entropy(logits.clone(), probabilities).into_scalar::<f32>();
            assert!((ours - burns).abs() < 1e-5, "{ours} {burns}");
        }
    }

    /// Smoothing, and `torch.nn.CrossEntropyLoss(weight=[0.5, 6, 1.25], label_smoothing=...)`
    /// of `golden_logits` with the labels 2 and 1, in float64 by PyTorch 2.15.0.
    const PYTORCH: [(f64, f64); 3] = [
        (0.0, 0.573_886_176_174_454),
        (0.1, 0.644_062_502_336_314),
        (0.3, 0.784_415_154_660_034),
    ];

    /// Two images of three classes.
    fn golden_logits(device: &Device) -> Tensor<2> {
        let logits = [2.0f32, -1.0, 0.5, 0.25, 1.5, -0.75];
        Tensor::from_data(TensorData::new(logits.to_vec(), [2, 3]), device)
    }

    fn weighted(smoothing: f64) -> Criterion {
        Criterion {
            smoothing,
            class_weights: Some([0.5, 6.0, 1.25].into()),
        }
    }

    #[test]
    fn weights_and_smoothing_are_pytorchs() {
        let device = Device::flex();
        let targets = [target(2, 2, 1.0), target(1, 1, 1.0)];
        for (smoothing, expected) in PYTORCH {
            let found = weighted(smoothing).loss(golden_logits(&device), &targets, &device);
            let found = found.into_scalar::<f64>();
            assert!((found - expected).abs() < 1e-6, "{found} {expected}");
        }
    }

    #[test]
    fn a_mixed_image_counts_as_its_parts() {
        let device = Device::flex();
        let criterion = weighted(0.0);
        let loss = |targets: &[SoftTarget]| {
            let loss = criterion.loss(golden_logits(&device), targets, &device);
            loss.into_scalar::<f64>() * criterion.weight(targets)
        };
        let mixed = [target(0, 1, 0.75), target(2, 0, 0.5)];
        let weight = criterion.weight(&mixed);
        let expected = 0.75 * 0.5 + 0.25 * 6.0 + 0.5 * 1.25 + 0.5 * 0.5;
        assert!((weight - expected).abs() < 1e-12, "{weight}");
        // Linear in the parts: the other image's mix stays as it is.
        let parts = [target(0, 0, 1.0), target(1, 1, 1.0)].map(|part| loss(&[part, mixed[1]]));
        let joint = 0.75 * parts[0] + 0.25 * parts[1];
        assert!((loss(&mixed) - joint).abs() < 1e-5);
    }

    #[test]
    fn without_weights_every_image_counts_once() {
        let recipe = Recipe {
            label_smoothing: 0.1,
            ..Recipe::default()
        };
        let criterion = Criterion::new(&recipe, &[0, 0, 1], 2);
        assert_eq!(
            (criterion.smoothing, &criterion.class_weights),
            (0.1, &None)
        );
        assert_eq!(
            criterion.weight(&[target(0, 1, 0.3), target(1, 1, 1.0)]),
            2.0
        );
        let recipe = Recipe {
            class_weights: ClassWeighting::Balanced,
            ..recipe
        };
        let weights = Criterion::new(&recipe, &[0, 0, 1], 2).class_weights;
        assert_eq!(weights.unwrap()[..], [0.75, 1.5]);
    }

    #[test]
    fn mixed_targets_share_the_mass() {
        let device = Device::flex();
        let rows = target_probabilities(&[target(1, 2, 0.75), target(0, 0, 0.3)], 4, 0.2, &device);
        let values: Vec<f32> = rows.into_data().iter::<f32>().collect();
        let expected = [0.05, 0.65, 0.25, 0.05, 0.85, 0.05, 0.05, 0.05];
        for (value, expected) in values.iter().zip(expected) {
            assert!((value - expected).abs() < 1e-6, "{values:?}");
        }
    }
}
