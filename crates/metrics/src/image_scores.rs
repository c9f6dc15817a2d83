//! What the metrics need to know of one image.

use crate::softmax::maximum;
use crate::{argmax, in_top_k};

/// The scores of one image, from its logits divided by a temperature.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ImageScores {
    /// The true class.
    pub label: usize,
    /// The class with the highest logit.
    pub predicted: usize,
    /// Whether the label is among the five highest logits.
    pub in_top5: bool,
    /// Cross-entropy in nats, at least 0.
    pub loss: f64,
    /// Brier score of several classes (Brier 1950, "Verification of forecasts
    /// expressed in terms of probability"): the squared distance between the
    /// probabilities and the label's one-hot vector, in `[0, 2]`. The mean over
    /// images is `sklearn.metrics.brier_score_loss(..., scale_by_half=False)`.
    pub brier: f64,
    /// Probability of the predicted class, in `[0, 1]`.
    pub confidence: f64,
}

impl ImageScores {
    /// The scores of one image with these `logits` (`[classes]`). The
    /// probabilities are the softmax of `logits / temperature`, so 1 leaves
    /// them as they are; the prediction does not depend on it. Sums are taken
    /// in `f64`. NaN among the logits gives NaN scores.
    ///
    /// # Panics
    /// If `label` is not below the number of logits.
    pub fn new(logits: &[f32], label: usize, temperature: f64) -> Self {
        let in_top5 = in_top_k(logits, label, 5);
        let predicted = argmax(logits);
        let max = maximum(logits);
        let below = |logit: f32| (max - f64::from(logit)) / temperature;
        let sum: f64 = logits.iter().map(|&logit| (-below(logit)).exp()).sum();
        let probability = |logit: f32| (-below(logit)).exp() / sum;
        let squares: f64 = logits.iter().map(|&z| probability(z).powi(2)).sum();
        Self {
            label,
            predicted,
            in_top5,
            // As in `cross_entropy`: the difference first.
            loss: sum.ln() + below(logits[label]),
            brier: squares - 2.0 * probability(logits[label]) + 1.0,
            confidence: probability(logits[predicted]),
        }
    }

    /// The scores of all images: `logits` is row-major `[images, classes]`,
    /// `labels` has one entry an image.
    ///
    /// # Panics
    /// If the logits are not the same number for each label, or a label is not
    /// a class.
    pub fn of_images(logits: &[f32], labels: &[usize], temperature: f64) -> Vec<Self> {
        rows(logits, labels)
            .map(|(row, label)| Self::new(row, label, temperature))
            .collect()
    }

    /// Whether the prediction is the label.
    pub fn is_correct(&self) -> bool {
        self.predicted == self.label
    }
}

/// The logits of each image, `[classes]`, with its label.
///
/// # Panics
/// If the logits are not the same number for each label.
pub(crate) fn rows<'a>(
    logits: &'a [f32],
    labels: &'a [usize],
) -> impl Iterator<Item = (&'a [f32], usize)> {
    let classes = logits.len() / labels.len().max(1);
    assert_eq!(
        classes * labels.len(),
        logits.len(),
        "{} logits are not the same number for each of {} labels",
        logits.len(),
        labels.len()
    );
    logits
        .chunks_exact(classes.max(1))
        .zip(labels.iter().copied())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::{cross_entropy, softmax};

    #[test]
    fn a_certain_and_a_uniform_prediction() {
        let certain = ImageScores::new(&[500.0, 0.0], 0, 1.0);
        assert_eq!((certain.loss, certain.brier), (0.0, 0.0));
        assert_eq!(certain.confidence, 1.0);
        let wrong = ImageScores::new(&[500.0, 0.0], 1, 1.0);
        assert_eq!((wrong.loss, wrong.brier), (500.0, 2.0));
        let uniform = ImageScores::new(&[3.0; 4], 2, 1.0);
        assert!((uniform.brier - 0.75).abs() < 1e-15);
        assert_eq!(uniform.confidence, 0.25);
    }

    #[test]
    #[should_panic(expected = "7 logits are not the same number for each of 2 labels")]
    fn odd_number_of_logits() {
        ImageScores::of_images(&[0.0; 7], &[0, 1], 1.0);
    }

    #[test]
    fn no_images_have_no_scores() {
        assert!(ImageScores::of_images(&[], &[], 1.0).is_empty());
    }

    proptest! {
        #[test]
        fn agrees_with_the_functions_for_one_image(
            logits in prop::collection::vec(-20.0_f32..20.0, 1..20),
            label: prop::sample::Index,
        ) {
            let label = label.index(logits.len());
            let scores = ImageScores::new(&logits, label, 1.0);
            let probabilities = softmax(&logits);
            let brier: f64 = probabilities.iter().enumerate().map(|(class, &p)| {
                (f64::from(p) - f64::from(u8::from(class == label))).powi(2)
            }).sum();
            prop_assert_eq!(scores.loss, cross_entropy(&logits, label));
            prop_assert!((scores.brier - brier).abs() < 1e-6);
            prop_assert!((scores.confidence - f64::from(probabilities[scores.predicted])).abs() < 1e-6);
            prop_assert!((-1e-12..=2.0 + 1e-12).contains(&scores.brier));
        }

        #[test]
        fn a_higher_temperature_lowers_the_confidence_only(
            logits in prop::collection::vec(-20.0_f32..20.0, 1..20),
            label: prop::sample::Index,
            temperature in 1.0..50.0_f64,
        ) {
            let label = label.index(logits.len());
            let (cold, warm) = (
                ImageScores::new(&logits, label, 1.0),
                ImageScores::new(&logits, label, temperature),
            );
            prop_assert!(warm.confidence <= cold.confidence + 1e-12);
            prop_assert_eq!((warm.predicted, warm.in_top5), (cold.predicted, cold.in_top5));
        }
    }
}
