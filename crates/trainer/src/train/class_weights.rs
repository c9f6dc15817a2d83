//! How much an image counts in the loss, by its class.

use super::ClassWeighting;

/// Images from which on the effective number's β is 0.9999, the one that Cui et al. take
/// for ten thousand images. Fewer images have a smaller β.
const LARGEST_VOLUME: usize = 10_000;

/// A weight for each of `classes` classes, for training images of these `labels`. The
/// weights' mean over the images is 1; a class without images has weight 1.
///
/// - `balanced`: images / (classes with images · images of the class), as scikit-learn's
///   `compute_class_weight("balanced")`.
/// - `effective`: in proportion to 1 / E, E = (1 - βⁿ) / (1 - β) for a class of n images
///   (Cui et al. 2019, "Class-balanced loss based on effective number of samples"). β is
///   (N - 1) / N as in its equation 2, N being the number of images and 10 000 at most.
///
/// # Panics
/// If a label is not below `classes`.
pub fn class_weights(labels: &[usize], classes: usize, weighting: ClassWeighting) -> Vec<f32> {
    let counts = class_counts(labels, classes);
    let beta = 1.0 - 1.0 / labels.len().clamp(1, LARGEST_VOLUME) as f64;
    let unscaled = |count: usize| match weighting {
        ClassWeighting::None => 1.0,
        ClassWeighting::Balanced => 1.0 / count as f64,
        ClassWeighting::Effective => (1.0 - beta) / (1.0 - beta.powf(count as f64)),
    };
    let sum: f64 = counts
        .iter()
        .filter(|count| **count > 0)
        .map(|&count| unscaled(count) * count as f64)
        .sum();
    let scale = labels.len() as f64 / sum;
    let weight = |&count: &usize| match count {
        0 => 1.0,
        _ => (scale * unscaled(count)) as f32,
    };
    counts.iter().map(weight).collect()
}

/// How many of the `labels` each of `classes` classes has.
///
/// # Panics
/// If a label is not below `classes`.
pub fn class_counts(labels: &[usize], classes: usize) -> Vec<usize> {
    let mut counts = vec![0; classes];
    for &label in labels {
        counts[label] += 1;
    }
    counts
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Labels of classes with so many images.
    fn labels(counts: &[usize]) -> Vec<usize> {
        let classes = counts.iter().enumerate();
        classes
            .flat_map(|(class, &count)| vec![class; count])
            .collect()
    }

    fn assert_close(found: &[f32], expected: &[f32]) {
        assert_eq!(found.len(), expected.len());
        for (found, expected) in found.iter().zip(expected) {
            assert!((found / expected - 1.0).abs() < 1e-6, "{found} {expected}");
        }
    }

    #[test]
    fn balanced_is_scikit_learns() {
        // compute_class_weight("balanced", ...) of scikit-learn 1.9.1
        let found = class_weights(&labels(&[44, 4]), 2, ClassWeighting::Balanced);
        assert_close(&found, &[0.545_454_56, 6.0]);
        let found = class_weights(&labels(&[5, 1, 14, 3]), 4, ClassWeighting::Balanced);
        assert_close(&found, &[1.15, 5.75, 0.410_714_3, 1.916_666_6]);
    }

    #[test]
    fn effective_is_the_papers_formula() {
        // NumPy: w = (1 - beta) / (1 - np.power(beta, n)), as the paper's code has it, times
        // n.sum() / (w * n).sum(); beta = 47 / 48 and 9999 / 10000.
        let found = class_weights(&labels(&[44, 4]), 2, ClassWeighting::Effective);
        assert_close(&found, &[0.649_402_8, 4.856_57]);
        let found = class_weights(&labels(&[5000, 5000, 50]), 3, ClassWeighting::Effective);
        assert_close(&found, &[0.720_714_6, 0.720_714_6, 56.857_08]);
    }

    #[test]
    fn the_mean_over_the_images_is_one() {
        for weighting in [
            ClassWeighting::None,
            ClassWeighting::Balanced,
            ClassWeighting::Effective,
        ] {
            let labels = labels(&[3, 0, 700, 41, 1]);
            let weights = class_weights(&labels, 5, weighting);
            let sum: f64 = labels.iter().map(|&label| f64::from(weights[label])).sum();
            assert!(
                (sum / labels.len() as f64 - 1.0).abs() < 1e-6,
                "{weights:?}"
            );
            assert_eq!(weights[1], 1.0, "a class without images");
            assert!(weights[4] >= weights[0] && weights[3] >= weights[2]);
        }
    }

    #[test]
    fn alike_classes_and_no_images_weigh_one() {
        let labels = labels(&[7, 7, 7]);
        for weighting in [ClassWeighting::Balanced, ClassWeighting::Effective] {
            assert_close(&class_weights(&labels, 3, weighting), &[1.0; 3]);
            assert_eq!(class_weights(&[], 3, weighting), [1.0; 3]);
        }
        assert_eq!(class_weights(&labels, 3, ClassWeighting::None), [1.0; 3]);
    }
}
