//! A last layer on features, as the solution of an equation rather than of a training: the same
//! on every machine, and five of them in seconds.

use metrics::softmax;
use ndarray::{Array1, Array2};

use crate::train::Features;

/// Steps of the solver, which the last ones change little.
const STEPS: usize = 40;

/// Penalty on half the squared weights, beside the mean loss. Large, for the features are many: on
/// flowers with 104 labels moved, of the 104 pictures with the least probability of their own
/// label 50, 61, 60 and 59 had a moved one at 0.03, 0.3, 1 and 3 (scikit-learn, one seed).
const PENALTY: f32 = 0.3;

/// Rounds of the power iteration that finds how steep the loss is.
const ROUNDS: usize = 12;

/// Multinomial logistic regression on features that are brought to mean 0 and deviation 1.
pub(super) struct Regression {
    mean: Vec<f32>,
    scale: Vec<f32>,
    /// `[features + 1, classes]`, the last row for the constant.
    weights: Array2<f32>,
}

impl Regression {
    /// Learns to tell the `classes` from `features`, by Nesterov's accelerated gradient (Nesterov
    /// 2004, Introductory Lectures on Convex Optimization, 2.2.1).
    pub fn fit(features: &Features, labels: &[usize], classes: usize) -> Self {
        let images = labels.len() as f32;
        let (mean, scale) = moments(features);
        let mut fitted = Self {
            mean,
            scale,
            weights: Array2::zeros((features.width + 1, classes)),
        };
        let inputs = fitted.inputs(features);
        let rate = 1.0 / (steepness(&inputs) / images + PENALTY);
        let mut before = fitted.weights.clone();
        let mut momentum = 1.0_f32;
        for _ in 0..STEPS {
            let next_momentum = f32::midpoint(1.0, (1.0 + 4.0 * momentum * momentum).sqrt());
            let ahead = &fitted.weights
                + &((&fitted.weights - &before) * ((momentum - 1.0) / next_momentum));
            let mut errors = probabilities(&inputs.dot(&ahead));
            for (mut row, &label) in errors.outer_iter_mut().zip(labels) {
                row[label] -= 1.0;
            }
            let gradient = inputs.t().dot(&errors) / images + &ahead * PENALTY;
            before = std::mem::replace(&mut fitted.weights, ahead - gradient * rate);
            momentum = next_momentum;
        }
        fitted
    }

    /// Probabilities of the classes, `[images, classes]`.
    pub fn probabilities(&self, features: &Features) -> Array2<f32> {
        probabilities(&self.inputs(features).dot(&self.weights))
    }

    /// Brings features to what the weights are for, and adds the constant.
    fn inputs(&self, features: &Features) -> Array2<f32> {
        let rows = features.values.chunks_exact(features.width);
        let mut inputs = Array2::ones((rows.len(), features.width + 1));
        for (mut input, row) in inputs.outer_iter_mut().zip(rows) {
            let scaled = row.iter().zip(&self.mean).zip(&self.scale);
            for (input, ((value, mean), scale)) in input.iter_mut().zip(scaled) {
                *input = (value - mean) * scale;
            }
        }
        inputs
    }
}

/// The mean of each feature, and what brings its deviation to 1; 0 for one that is always alike.
fn moments(features: &Features) -> (Vec<f32>, Vec<f32>) {
    let rows = || features.values.chunks_exact(features.width);
    let images = rows().len() as f32;
    let mut mean = vec![0.0; features.width];
    for row in rows() {
        for (mean, value) in mean.iter_mut().zip(row) {
            *mean += value / images;
        }
    }
    let mut variance = vec![0.0; features.width];
    for row in rows() {
        for ((variance, value), mean) in variance.iter_mut().zip(row).zip(&mean) {
            *variance += (value - mean) * (value - mean) / images;
        }
    }
    let scale = variance
        .into_iter()
        .map(|variance: f32| match variance > 1e-12 {
            true => 1.0 / variance.sqrt(),
            false => 0.0,
        });
    (mean, scale.collect())
}

fn probabilities(logits: &Array2<f32>) -> Array2<f32> {
    let mut found = logits.clone();
    for mut row in found.outer_iter_mut() {
        let probabilities = softmax(&row.to_vec());
        row.assign(&Array1::from(probabilities));
    }
    found
}

/// The largest curvature of the summed loss: half the largest eigenvalue of the inputs' products
/// (Böhning 1992), a little more so that the steps are never too long.
fn steepness(inputs: &Array2<f32>) -> f32 {
    // A matrix of one column: products with vectors are not blocked.
    let mut direction = Array2::ones((inputs.ncols(), 1));
    let mut length = 1.0;
    for _ in 0..ROUNDS {
        direction = inputs.t().dot(&inputs.dot(&direction));
        length = direction.iter().map(|value| value * value).sum::<f32>();
        length = length.sqrt().max(f32::MIN_POSITIVE);
        direction /= length;
    }
    0.55 * length
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classes_that_lines_divide_are_told_apart() {
        // Three sectors of a circle around (5, 0), and a feature that is always alike.
        let angle = |i: usize| i as f32 * 2.4;
        let at = |i: usize| [angle(i).cos() + 5.0, 100.0 * angle(i).sin(), 7.0];
        let sector = |i: usize| (angle(i).rem_euclid(std::f32::consts::TAU) / 2.1) as usize;
        let labels: Vec<usize> = (0..200).map(sector).collect();
        let features = Features {
            values: (0..200).flat_map(at).collect(),
            width: 3,
        };
        let found = Regression::fit(&features, &labels, 3).probabilities(&features);
        let right = found
            .outer_iter()
            .zip(&labels)
            .filter(|(row, label)| metrics::argmax(&row.to_vec()) == **label)
            .count();
        assert!(right > 190, "{right} of 200");
        for row in found.outer_iter() {
            assert!((row.sum() - 1.0).abs() < 1e-5);
        }
    }
}
