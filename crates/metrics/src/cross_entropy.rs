//! Log loss of one image.

use crate::softmax::maximum;

/// Cross-entropy in nats of one image: `-ln(softmax(logits)[label])`, at
/// least 0.
///
/// Taken from the logits as log-sum-exp in `f64`, so a wrong class that is
/// thousands of logits ahead gives its distance and not infinity. The mean
/// over images equals `torch.nn.CrossEntropyLoss`, and
/// `sklearn.metrics.log_loss` on the softmax as long as no label's probability
/// is below the 2.2e-16 at which sklearn clips (36 nats). NaN where
/// [`softmax`](crate::softmax) is NaN.
///
/// # Panics
/// If `label` is not below the number of logits.
pub fn cross_entropy(logits: &[f32], label: usize) -> f64 {
    assert!(
        label < logits.len(),
        "label {label} is out of range for {} logits",
        logits.len()
    );
    let max = maximum(logits);
    let sum: f64 = logits.iter().map(|&x| (f64::from(x) - max).exp()).sum();
    // The difference first: both terms are small when the label is likely.
    sum.ln() + (max - f64::from(logits[label]))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::softmax;

    #[test]
    fn uniform_logits_give_the_logarithm_of_the_class_count() {
        assert!((cross_entropy(&[7.5; 10], 3) - 10_f64.ln()).abs() < 1e-15);
    }

    #[test]
    fn a_hopeless_label_is_finite_and_a_certain_one_is_zero() {
        assert_eq!(cross_entropy(&[5000.0, 0.0], 1), 5000.0);
        assert_eq!(cross_entropy(&[5000.0, 0.0], 0), 0.0);
        assert_eq!(
            cross_entropy(&[0.0, f32::NEG_INFINITY], 1),
            f64::INFINITY,
            "probability zero"
        );
    }

    #[test]
    fn undefined_input_gives_nan() {
        assert!(cross_entropy(&[f32::NAN, 0.0], 1).is_nan());
        assert!(cross_entropy(&[f32::NAN, f32::NAN], 0).is_nan());
        assert!(cross_entropy(&[f32::INFINITY, 0.0], 0).is_nan());
    }

    #[test]
    #[should_panic(expected = "label 2 is out of range for 2 logits")]
    fn label_out_of_range() {
        cross_entropy(&[0.0, 1.0], 2);
    }

    proptest! {
        #[test]
        fn is_minus_the_logarithm_of_the_probability(
            logits in prop::collection::vec(-8.0_f32..8.0, 1..30),
            seed in 0_usize..1000,
        ) {
            let label = seed % logits.len();
            let loss = cross_entropy(&logits, label);
            prop_assert!(loss >= 0.0);
            prop_assert!((loss + f64::from(softmax(&logits)[label]).ln()).abs() < 1e-5);
        }
    }
}
