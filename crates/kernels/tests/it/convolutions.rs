//! Convolutions over odd sizes, strides, kernels and paddings.

use kernels::{
    Normalisation, Shape, Stem, Window, Write,
    depthwise::{self, Saved},
    norm::InputGradient,
    pointwise,
};
use proptest::prelude::*;

use crate::{
    blocks::Layer,
    reference::{self, assert_close, double, shapes, values, windows},
};

/// Hands a gradient on as it is.
fn identity(channels: usize) -> InputGradient {
    InputGradient {
        of_gradient: vec![1.0; channels],
        of_input: vec![0.0; channels],
        constant: vec![0.0; channels],
    }
}

/// A scale and a shift that differ by channel.
fn normalisation(channels: usize) -> Normalisation {
    Normalisation {
        scale: values(channels, 5).iter().map(|v| 1.0 + 0.5 * v).collect(),
        shift: values(channels, 6),
        mean: values(channels, 7),
        inverse_deviation: vec![1.0; channels],
        count: None,
    }
}

fn depthwise_agrees(shape: Shape, window: Window, activated: bool) {
    let channels = shape.channels;
    let input = values(shape.len(), 1);
    let weights = values(channels * window.kernel * window.kernel, 2);
    let norm = activated.then(|| normalisation(channels));
    let out = window.output(shape);
    let channels_last = depthwise::channels_last(&weights, window);
    let mut output = vec![f32::NAN; out.len()];
    let moments = depthwise::forward(
        &input,
        norm.as_ref(),
        &channels_last,
        shape,
        window,
        &mut output,
    );

    let normalised: Vec<f64> = match &norm {
        Some(norm) => double(&input)
            .iter()
            .enumerate()
            .map(|(i, v)| {
                v * f64::from(norm.scale[i % channels]) + f64::from(norm.shift[i % channels])
            })
            .collect(),
        None => double(&input),
    };
    let source = match norm {
        Some(_) => reference::silu(normalised.clone()),
        None => normalised.clone(),
    };
    let expected = reference::depthwise(&source, &double(&weights), shape, window);
    assert_close(&output, &expected, 1e-5, "output");
    reference::assert_moments(&moments, &expected, channels);

    let gradient = values(out.len(), 3);
    let mut input_gradient = vec![f32::NAN; shape.len()];
    let result = depthwise::backward(
        Saved {
            input: &input,
            norm: norm.as_ref(),
            weights: &channels_last,
            output: &output,
        },
        &gradient,
        &identity(channels),
        shape,
        window,
        &mut input_gradient,
    );
    let (mut of_input, of_weights) = reference::depthwise_gradient(
        &source,
        &double(&weights),
        &double(&gradient),
        shape,
        window,
    );
    if activated {
        for (gradient, x) in of_input.iter_mut().zip(&normalised) {
            let gate = reference::sigmoid(*x);
            *gradient *= gate * (1.0 + x * (1.0 - gate));
        }
    }
    assert_close(&input_gradient, &of_input, 1e-5, "input gradient");
    let weights = depthwise::channels_first(&result.weights, window);
    assert_close(&weights, &of_weights, 1e-5, "weight gradient");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(150))]

    #[test]
    fn depthwise_equals_double_precision(
        shape in shapes(1..70usize), window in windows(), activated: bool
    ) {
        depthwise_agrees(shape, window, activated);
    }

    #[test]
    fn pointwise_equals_double_precision(shape in shapes(1..70usize), channels_out in 1..70usize) {
        let channels_in = shape.channels;
        let input = values(shape.len(), 1);
        let weights = values(channels_in * channels_out, 2);
        let mut output = vec![f32::NAN; shape.rows() * channels_out];
        let moments = pointwise::forward(&input, &weights, shape, &mut output);
        let expected = reference::linear(&double(&input), &double(&weights), channels_in);
        assert_close(&output, &expected, 1e-5, "output");
        reference::assert_moments(&moments, &expected, channels_out);

        let gradient = values(output.len(), 3);
        let mut of_input = values(shape.len(), 4);
        let before = double(&of_input);
        let saved = pointwise::Saved { input: &input, weights: &weights, output: &output };
        let of_weights = pointwise::backward(
            saved, &gradient, &identity(channels_out), shape, Some((&mut of_input, Write::Add)),
        );
        let transposed = |values: &[f32], columns: usize| -> Vec<f64> {
            let rows = values.len() / columns;
            (0..values.len()).map(|i| f64::from(values[i % rows * columns + i / rows])).collect()
        };
        let mut expected = reference::linear(
            &double(&gradient), &transposed(&weights, channels_in), channels_out,
        );
        for (expected, before) in expected.iter_mut().zip(before) {
            *expected += before;
        }
        assert_close(&of_input, &expected, 1e-5, "input gradient");
        let expected = reference::linear(
            &transposed(&gradient, channels_out), &transposed(&input, channels_in), shape.rows(),
        );
        assert_close(&of_weights, &expected, 1e-5, "weight gradient");
        let none = pointwise::backward(saved, &gradient, &identity(channels_out), shape, None);
        prop_assert_eq!(none, of_weights);
    }

    #[test]
    fn the_stems_convolution_equals_double_precision(
        shape in shapes(Just(3usize)), window in windows(), channels_out in 1..40usize
    ) {
        let images = values(shape.len(), 1);
        let layer = Layer::new(channels_out, shape.channels * window.kernel * window.kernel, 2);
        let stem = Stem { conv: layer.conv_norm(), window };
        let (output, moments, _) = stem.forward(&images, shape, kernels::Statistics::Running);
        let convolved = reference::dense(&double(&images), &double(&layer.weights), shape, window);
        reference::assert_moments(&moments, &convolved, channels_out);
        let expected = layer.infer(&convolved);
        assert_close(&output, &reference::silu(expected), 1e-5, "output");
    }
}
