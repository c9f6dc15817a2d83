//! Logits to probabilities.

/// Probabilities of one image from its `logits` (`[classes]`), each in
/// `[0, 1]`, summing to 1 up to rounding.
///
/// The maximum is subtracted first, so finite logits of any size neither
/// overflow nor all vanish; sums are taken in `f64`. Equal to
/// `scipy.special.softmax` and `torch.softmax`, also in what is undefined: a
/// NaN or `+inf` among the logits, or only `-inf`, gives NaN. No logits give
/// no probabilities.
pub fn softmax(logits: &[f32]) -> Vec<f32> {
    let max = maximum(logits);
    let exponentials: Vec<f64> = logits.iter().map(|&x| (f64::from(x) - max).exp()).collect();
    let sum: f64 = exponentials.iter().sum();
    exponentials.iter().map(|e| (e / sum) as f32).collect()
}

/// The largest logit, NaN left out; `-inf` when there is none.
pub(crate) fn maximum(logits: &[f32]) -> f64 {
    f64::from(logits.iter().copied().fold(f32::NEG_INFINITY, f32::max))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn known_values() {
        let p = softmax(&[1.0, 2.0, 3.0]);
        // scipy.special.softmax([1, 2, 3])
        for (got, expected) in p.iter().zip([0.090_030_57, 0.244_728_48, 0.665_240_94]) {
            assert!((got - expected).abs() < 1e-7, "{p:?}");
        }
    }

    #[test]
    fn large_logits_do_not_overflow() {
        assert_eq!(softmax(&[f32::MAX, f32::MAX, f32::MIN]), [0.5, 0.5, 0.0]);
        assert_eq!(softmax(&[-1e30, -1e30]), [0.5, 0.5]);
        assert_eq!(softmax(&[f32::NEG_INFINITY, 0.0]), [0.0, 1.0]);
    }

    #[test]
    fn undefined_input_gives_nan() {
        for logits in [
            [f32::NAN, 0.0],
            [f32::INFINITY, 0.0],
            [f32::NEG_INFINITY; 2],
        ] {
            assert!(softmax(&logits)[0].is_nan(), "{logits:?}");
        }
        assert!(softmax(&[]).is_empty());
    }

    proptest! {
        #[test]
        fn is_a_distribution_in_the_order_of_the_logits(
            logits in prop::collection::vec(-1e4_f32..1e4, 1..50),
            shift in -100.0_f32..100.0,
        ) {
            let p = softmax(&logits);
            let sum: f64 = p.iter().map(|&x| f64::from(x)).sum();
            prop_assert!((sum - 1.0).abs() < 1e-5);
            prop_assert!(p.iter().all(|x| (0.0..=1.0).contains(x)));
            for i in 1..p.len() {
                prop_assert!((logits[i - 1] <= logits[i]) == (p[i - 1] <= p[i]) || p[i - 1] == p[i]);
            }
            // Adding a constant to all logits changes nothing but rounding.
            let shifted: Vec<f32> = logits.iter().map(|x| x + shift).collect();
            for (a, b) in p.iter().zip(softmax(&shifted)) {
                prop_assert!((a - b).abs() < 5e-3);
            }
        }
    }
}
