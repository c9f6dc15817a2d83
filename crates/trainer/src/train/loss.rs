//! Cross-entropy with soft targets, as timm's `SoftTargetCrossEntropy`.

use augment::batch::SoftTarget;
use burn::tensor::{Device, Tensor, TensorData, activation::log_softmax};

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
