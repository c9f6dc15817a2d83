//! The operators in double precision, as plain as they can be, and helpers to
//! compare with them.

use kernels::{Moments, Shape, Window};
use proptest::prelude::*;

/// Deterministic values in `[-1, 1)`.
pub fn values(len: usize, seed: u32) -> Vec<f32> {
    let mut state = seed.wrapping_mul(2_654_435_761).wrapping_add(12_345);
    (0..len)
        .map(|_| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 8) as f32 / 8_388_608.0 - 1.0
        })
        .collect()
}

pub fn double(values: &[f32]) -> Vec<f64> {
    values.iter().map(|&value| f64::from(value)).collect()
}

pub fn largest(values: &[f64]) -> f64 {
    values.iter().fold(1e-6, |max, value| max.max(value.abs()))
}

/// Asserts that every value is within `tolerance` of the largest expected one.
pub fn assert_close(ours: &[f32], expected: &[f64], tolerance: f64, what: &str) {
    assert_close_on(largest(expected), ours, expected, tolerance, what);
}

/// Asserts that mean and variance are those of `values`, as exact as float32
/// sums of values that large can be.
pub fn assert_moments(ours: &Moments, values: &[f64], channels: usize) {
    let (mean, variance) = moments(values, channels);
    let scale = largest(values);
    assert_close_on(scale, &ours.mean, &mean, 1e-5, "mean");
    assert_close_on(scale * scale, &ours.variance, &variance, 1e-5, "variance");
}

fn assert_close_on(scale: f64, ours: &[f32], expected: &[f64], tolerance: f64, what: &str) {
    assert_eq!(ours.len(), expected.len(), "{what}");
    for (i, (ours, expected)) in ours.iter().zip(expected).enumerate() {
        let error = (f64::from(*ours) - expected).abs() / scale;
        assert!(error <= tolerance, "{what}[{i}]: {ours} for {expected}");
    }
}

pub fn shapes(channels: impl Strategy<Value = usize>) -> impl Strategy<Value = Shape> {
    (1..4usize, 1..10usize, 1..10usize, channels).prop_map(|(batch, height, width, channels)| {
        Shape {
            batch,
            height,
            width,
            channels,
        }
    })
}

pub fn windows() -> impl Strategy<Value = Window> {
    let padding = prop_oneof![
        Just(kernels::Padding::Same),
        Just(kernels::Padding::Symmetric)
    ];
    (prop_oneof![Just(3usize), Just(5)], 1..3usize, padding).prop_map(
        |(kernel, stride, padding)| Window {
            kernel,
            stride,
            padding,
        },
    )
}

/// Calls `visit(output position, input position, kernel position)` for all that
/// meet in a convolution over one channel of one image.
fn for_window(shape: Shape, window: Window, mut visit: impl FnMut(usize, usize, usize)) {
    let (rows, columns) = (window.outputs(shape.height), window.outputs(shape.width));
    let (top, left) = (
        window.zeros_before(shape.height),
        window.zeros_before(shape.width),
    );
    for (row, column) in (0..rows).flat_map(|row| (0..columns).map(move |column| (row, column))) {
        for k in 0..window.kernel * window.kernel {
            let y = (row * window.stride + k / window.kernel).wrapping_sub(top);
            let x = (column * window.stride + k % window.kernel).wrapping_sub(left);
            if y < shape.height && x < shape.width {
                visit(row * columns + column, y * shape.width + x, k);
            }
        }
    }
}

/// Depthwise convolution; weights `[channels, kernel, kernel]`.
pub fn depthwise(input: &[f64], weights: &[f64], shape: Shape, window: Window) -> Vec<f64> {
    let out = window.output(shape);
    let (channels, taps) = (shape.channels, window.kernel * window.kernel);
    let mut output = vec![0.0; out.len()];
    for image in 0..shape.batch {
        for_window(shape, window, |to, from, k| {
            for channel in 0..channels {
                output[(image * out.positions() + to) * channels + channel] += input
                    [(image * shape.positions() + from) * channels + channel]
                    * weights[channel * taps + k];
            }
        });
    }
    output
}

/// Gradients of the input and of the weights of [`depthwise`].
pub fn depthwise_gradient(
    input: &[f64],
    weights: &[f64],
    gradient: &[f64],
    shape: Shape,
    window: Window,
) -> (Vec<f64>, Vec<f64>) {
    let out = window.output(shape);
    let (channels, taps) = (shape.channels, window.kernel * window.kernel);
    let (mut of_input, mut of_weights) = (vec![0.0; shape.len()], vec![0.0; weights.len()]);
    for image in 0..shape.batch {
        for_window(shape, window, |to, from, k| {
            for channel in 0..channels {
                let to = (image * out.positions() + to) * channels + channel;
                let from = (image * shape.positions() + from) * channels + channel;
                of_input[from] += gradient[to] * weights[channel * taps + k];
                of_weights[channel * taps + k] += gradient[to] * input[from];
            }
        });
    }
    (of_input, of_weights)
}

/// Dense convolution of channels-first images; weights `[out, in, kernel, kernel]`.
pub fn dense(images: &[f64], weights: &[f64], shape: Shape, window: Window) -> Vec<f64> {
    let out = window.output(shape);
    let (inputs, taps) = (shape.channels, window.kernel * window.kernel);
    let outputs = weights.len() / inputs / taps;
    let mut output = vec![0.0; out.rows() * outputs];
    for image in 0..shape.batch {
        for_window(shape, window, |to, from, k| {
            for (channel_out, channel) in
                (0..outputs).flat_map(|o| (0..inputs).map(move |channel| (o, channel)))
            {
                output[(image * out.positions() + to) * outputs + channel_out] += images
                    [(image * inputs + channel) * shape.positions() + from]
                    * weights[(channel_out * inputs + channel) * taps + k];
            }
        });
    }
    output
}

/// `input weights^T` over rows.
pub fn linear(input: &[f64], weights: &[f64], inputs: usize) -> Vec<f64> {
    input
        .chunks(inputs)
        .flat_map(|row| {
            weights
                .chunks(inputs)
                .map(|weights| row.iter().zip(weights).map(|(a, b)| a * b).sum())
        })
        .collect()
}

/// Mean and biased variance of every channel.
pub fn moments(values: &[f64], channels: usize) -> (Vec<f64>, Vec<f64>) {
    let rows = (values.len() / channels) as f64;
    let column = |channel: usize| values.iter().skip(channel).step_by(channels);
    let mean: Vec<f64> = (0..channels)
        .map(|c| column(c).sum::<f64>() / rows)
        .collect();
    let variance = (0..channels)
        .map(|c| column(c).map(|v| (v - mean[c]).powi(2)).sum::<f64>() / rows)
        .collect();
    (mean, variance)
}

/// Batch normalisation by the batch's own moments.
pub fn batch_norm(values: &[f64], weight: &[f64], bias: &[f64], epsilon: f64) -> Vec<f64> {
    let channels = weight.len();
    let (mean, variance) = moments(values, channels);
    values
        .iter()
        .enumerate()
        .map(|(i, value)| {
            let c = i % channels;
            (value - mean[c]) / (variance[c] + epsilon).sqrt() * weight[c] + bias[c]
        })
        .collect()
}

pub fn sigmoid(x: f64) -> f64 {
    1.0 / (1.0 + (-x).exp())
}

pub fn silu(values: Vec<f64>) -> Vec<f64> {
    values.into_iter().map(|x| x * sigmoid(x)).collect()
}
