//! Batch normalisation and SiLU.

use kernels::{
    Moments, Norm, Normalisation, Statistics,
    activation::{activate, activation_gradient},
    norm::{GradientSums, TileMoments},
};
use proptest::prelude::*;

use crate::reference::{self, assert_close, double, values};

const EPSILON: f32 = 1e-3;

proptest! {
    #[test]
    fn moments_survive_a_mean_far_from_zero(
        rows in 1..300usize, channels in 1..40usize, offset in -1000.0..1000.0f32
    ) {
        let values: Vec<f32> = values(rows * channels, 1).iter().map(|v| offset + v).collect();
        let parts: Vec<_> = values
            .chunks(37 * channels)
            .map(|part| TileMoments::of(part, channels))
            .collect();
        let moments = Moments::combine(&parts);
        let (mean, variance) = reference::moments(&double(&values), channels);
        prop_assert_eq!(moments.count, rows);
        assert_close(&moments.mean, &mean, 1e-6, "mean");
        assert_close(&moments.variance, &variance, 1e-4, "variance");
    }

    /// The gradient of a weighted sum of outputs, by central differences of the
    /// double-precision function.
    #[test]
    fn gradients_equal_finite_differences(
        rows in 2..30usize, channels in 1..40usize, activated: bool, seed: u32
    ) {
        let input = values(rows * channels, seed);
        let weight: Vec<f32> = values(channels, seed ^ 1).iter().map(|v| 1.0 + 0.5 * v).collect();
        let bias = values(channels, seed ^ 2);
        let gradient = values(rows * channels, seed ^ 3);
        let zeros = vec![0.0; channels];
        let norm = Norm {
            weight: &weight, bias: &bias, running_mean: &zeros, running_variance: &zeros,
            epsilon: EPSILON,
        };
        let moments = Moments::combine(&[TileMoments::of(&input, channels)]);
        let norm = Normalisation::new(norm, Statistics::Batch, &moments);
        let ones = vec![1.0; channels];
        let mut output = vec![0.0; input.len()];
        let mut sums = GradientSums::zeros(channels);
        let mut normalised = gradient.clone();
        if activated {
            activate(&input, &norm, &ones, &mut output);
            activation_gradient(&mut normalised, &input, &norm, &ones, &zeros, &mut sums);
        } else {
            norm.apply(&input, 1.0, false, &mut output);
            norm.sum_gradient(&gradient, 1.0, &input, &mut sums);
        }
        let (of_parameters, of_input) = norm.gradient(&[sums]);
        let mut input_gradient = vec![0.0; input.len()];
        of_input.apply(&normalised, 1.0, &input, &mut input_gradient);

        let forward = |input: &[f64], weight: &[f64], bias: &[f64]| -> Vec<f64> {
            let output = reference::batch_norm(input, weight, bias, f64::from(EPSILON));
            if activated { reference::silu(output) } else { output }
        };
        let parameters = [double(&input), double(&weight), double(&bias)];
        assert_close(
            &output, &forward(&parameters[0], &parameters[1], &parameters[2]), 1e-5, "output",
        );
        let loss = |p: &[Vec<f64>; 3]| -> f64 {
            let output = forward(&p[0], &p[1], &p[2]);
            output.iter().zip(&gradient).map(|(o, g)| o * f64::from(*g)).sum()
        };
        let analytical = [input_gradient, of_parameters.weight, of_parameters.bias];
        for (which, analytical) in analytical.iter().enumerate() {
            let numerical: Vec<f64> = (0..analytical.len())
                .map(|i| {
                    let at = |step: f64| {
                        let mut moved = parameters.clone();
                        moved[which][i] += step;
                        loss(&moved)
                    };
                    (at(1e-5) - at(-1e-5)) / 2e-5
                })
                .collect();
            // Two rows of nearly the same value have a steep normalisation.
            assert_close(analytical, &numerical, 1e-3, ["input", "weight", "bias"][which]);
        }
    }
}
