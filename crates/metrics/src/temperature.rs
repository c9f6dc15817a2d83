//! Temperature scaling: one number that makes a model as sure as it is right.

use std::ops::RangeInclusive;

use crate::image_scores::rows;
use crate::softmax::maximum;

/// Temperatures that are looked at. At the ends a model is all but always
/// right, or knows next to nothing.
const RANGE: RangeInclusive<f64> = 0.01..=100.0;

/// The temperature `T` for which the softmax of `logits / T` has the lowest
/// mean cross-entropy on `labels` (Guo, Pleiss, Sun and Weinberger 2017, "On
/// calibration of modern neural networks", section 4.2), in `[0.01, 100]`:
/// above 1 for a model that is too sure. It belongs to images that the model
/// did not learn from. `logits` is row-major `[images, classes]`.
///
/// The cross-entropy is convex in `1/T`, so its only minimum is found by
/// Newton's method kept inside a bracket. The answer is that of
/// `scipy.optimize.minimize_scalar`. It lies near an end of the range when every
/// image is predicted right, or when the logits are worse than none.
///
/// `None` without images, or with a logit that is not finite.
///
/// # Panics
/// If the logits are not the same number for each label, or a label is not a
/// class.
pub fn fit_temperature(logits: &[f32], labels: &[usize]) -> Option<f64> {
    if labels.is_empty() || !logits.iter().all(|logit| logit.is_finite()) {
        return None;
    }
    let (mut low, mut high) = (1.0 / RANGE.end(), 1.0 / RANGE.start());
    let mut inverse = 1.0;
    // Newton doubles the digits a step; a bracket of 1e4 is halved to 1e-13 in 57.
    for _ in 0..100 {
        let (slope, curvature) = derivatives(logits, labels, inverse);
        if slope == 0.0 {
            break;
        }
        if slope > 0.0 {
            high = inverse;
        } else {
            low = inverse;
        }
        let newton = inverse - slope / curvature;
        let next = if low < newton && newton < high {
            newton
        } else {
            (low * high).sqrt()
        };
        let step = (next - inverse).abs();
        inverse = next;
        if step <= 1e-13 * inverse {
            break;
        }
    }
    Some((1.0 / inverse).clamp(*RANGE.start(), *RANGE.end()))
}

/// First and second derivative of the summed cross-entropy by the inverse
/// temperature: the mean logit under the softmax less the label's, and the
/// variance of the logits under the softmax.
fn derivatives(logits: &[f32], labels: &[usize], inverse: f64) -> (f64, f64) {
    let (mut slope, mut curvature) = (0.0, 0.0);
    for (row, label) in rows(logits, labels) {
        let max = maximum(row);
        let (mut sum, mut first, mut second) = (0.0, 0.0, 0.0);
        for &logit in row {
            let z = f64::from(logit) - max;
            let weight = (inverse * z).exp();
            sum += weight;
            first += weight * z;
            second += weight * z * z;
        }
        let mean = first / sum;
        slope += mean - (f64::from(row[label]) - max);
        curvature += second / sum - mean * mean;
    }
    (slope, curvature)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::{Calibration, ImageScores};

    #[test]
    fn two_classes_have_a_closed_form() {
        // Right in 3 of 4 with logits 2 and 0: 1 / (1 + exp(-2 / T)) = 3/4.
        let fitted = fit_temperature(&[2.0, 0.0].repeat(4), &[0, 0, 1, 0]).unwrap();
        assert!((fitted - 2.0 / 3.0_f64.ln()).abs() < 1e-10, "{fitted}");
    }

    #[test]
    fn ends_of_the_range_and_no_answer() {
        let near = |fitted: Option<f64>, end: f64| (fitted.unwrap() / end - 1.0).abs() < 0.01;
        assert!(near(fit_temperature(&[1.0, 0.0], &[0]), 0.01));
        assert!(near(fit_temperature(&[1.0, 0.0], &[1]), 100.0));
        assert_eq!(fit_temperature(&[1.0, 1.0], &[1]), Some(1.0));
        assert_eq!(fit_temperature(&[], &[]), None);
        assert_eq!(fit_temperature(&[f32::NAN, 0.0], &[0]), None);
    }

    proptest! {
        #[test]
        fn no_other_temperature_has_a_lower_loss(
            images in prop::collection::vec((prop::collection::vec(-9.0_f32..9.0, 4), 0..4_usize), 1..40),
            other in 0.01..100.0_f64,
        ) {
            let logits: Vec<f32> = images.iter().flat_map(|image| image.0.clone()).collect();
            let labels: Vec<usize> = images.iter().map(|image| image.1).collect();
            let fitted = fit_temperature(&logits, &labels).unwrap();
            let loss = |t| Calibration::new(&ImageScores::of_images(&logits, &labels, t)).loss;
            prop_assert!(loss(fitted) <= loss(other) + 1e-9, "{fitted}");
        }

        #[test]
        fn scaled_logits_have_a_scaled_temperature(
            images in prop::collection::vec((prop::collection::vec(-9.0_f32..9.0, 4), 0..4_usize), 8..40),
        ) {
            let logits: Vec<f32> = images.iter().flat_map(|image| image.0.clone()).collect();
            let labels: Vec<usize> = images.iter().map(|image| image.1).collect();
            let fitted = fit_temperature(&logits, &labels).unwrap();
            prop_assume!(0.03 < fitted && fitted < 30.0);
            let doubled: Vec<f32> = logits.iter().map(|z| 2.0 * z).collect();
            let again = fit_temperature(&doubled, &labels).unwrap();
            prop_assert!((again / fitted - 2.0).abs() < 1e-9, "{fitted} {again}");
        }
    }
}
