//! Backward pass.

use rayon::prelude::*;

use super::{
    row::{GradientTap, Tap, WeightGradientRow, convolve_row},
    window::{Rows, padded_width},
};
use crate::{
    Buffer, Normalisation, Shape, Window,
    activation::{activate_with_slope, slope_gradient},
    norm::{GradientSums, InputGradient},
};

/// What the backward pass gives.
pub struct DepthwiseGradient {
    /// `[kernel, kernel, channels]`.
    pub weights: Vec<f32>,
    /// Of the norm before the convolution, an image each; empty without one.
    pub sums: Vec<GradientSums>,
}

/// What an image's backward pass reads.
#[derive(Clone, Copy)]
pub struct Saved<'a> {
    /// The input of the forward pass, before `norm`.
    pub input: &'a [f32],
    /// The normalisation before the convolution, SiLU after it.
    pub norm: Option<&'a Normalisation>,
    /// `[kernel, kernel, channels]`.
    pub weights: &'a [f32],
    /// The convolution's output.
    pub output: &'a [f32],
}

/// Gradients of [`forward`](super::forward).
///
/// The gradient of the convolution's output is `of_output` applied to
/// `gradient`, the gradient of its normalised output. `input_gradient` becomes
/// the gradient of the normalised input, or of the input itself without a norm.
///
/// # Shapes
/// - gradient: `window.output(shape)`
/// - input_gradient: `shape`
pub fn backward(
    saved: Saved<'_>,
    gradient: &[f32],
    of_output: &InputGradient,
    shape: Shape,
    window: Window,
    input_gradient: &mut [f32],
) -> DepthwiseGradient {
    let out_len = window.output(shape).image_len();
    let flipped = flipped(saved.weights, window, shape.channels);
    let parts: Vec<(Buffer, GradientSums)> = input_gradient
        .par_chunks_mut(shape.image_len())
        .enumerate()
        .map(|(index, input_gradient)| {
            let inputs = index * shape.image_len()..(index + 1) * shape.image_len();
            let outputs = index * out_len..(index + 1) * out_len;
            let saved = Saved {
                input: &saved.input[inputs],
                output: &saved.output[outputs.clone()],
                ..saved
            };
            image(
                saved,
                &flipped,
                &gradient[outputs],
                of_output,
                shape,
                window,
                input_gradient,
            )
        })
        .collect();
    let mut weights = vec![0.0f64; saved.weights.len()];
    for (part, _) in &parts {
        for (total, part) in weights.iter_mut().zip(part.iter()) {
            *total += f64::from(*part);
        }
    }
    DepthwiseGradient {
        weights: weights.iter().map(|&weight| weight as f32).collect(),
        sums: match saved.norm {
            Some(_) => parts.into_iter().map(|(_, sums)| sums).collect(),
            None => Vec::new(),
        },
    }
}

/// One image: input rows in turn, each with the output rows that it took part in.
fn image(
    saved: Saved<'_>,
    flipped: &[f32],
    gradient: &[f32],
    of_output: &InputGradient,
    shape: Shape,
    window: Window,
    input_gradient: &mut [f32],
) -> (Buffer, GradientSums) {
    let (kernel, stride, channels) = (window.kernel, window.stride, shape.channels);
    let (top, left) = (
        window.zeros_before(shape.height),
        window.zeros_before(shape.width),
    );
    let outputs = window.output(shape);
    let row_len = shape.width * channels;
    let out_row_len = outputs.width * channels;

    // Rows of the output's gradient, spread out by the stride, with zeros
    // around: the input's gradient is then a convolution of stride 1 with the
    // flipped kernel.
    let front = kernel - 1 - left.min(kernel - 1);
    let spread = front + (outputs.width - 1) * stride + 1;
    let mut gradients = Rows::new(kernel, spread.max(shape.width + kernel - 1), channels);
    let mut next_row = 0;
    let mut scratch = Buffer::new(out_row_len);

    let mut activated = Rows::new(1, padded_width(shape, window), channels);
    let mut slope = Buffer::new(row_len);
    let mut weights = Buffer::zeros(saved.weights.len());
    let mut sums = GradientSums::zeros(channels);

    for (row, target) in input_gradient.chunks_mut(row_len).enumerate() {
        // Output rows `o` with `row = o * stride - top + k` for a `k` of the kernel.
        let last = ((row + top) / stride).min(outputs.height - 1);
        while next_row <= last {
            let range = next_row * out_row_len..(next_row + 1) * out_row_len;
            of_output.apply(
                &gradient[range.clone()],
                1.0,
                &saved.output[range],
                &mut scratch,
            );
            let spread = gradients.row_mut(next_row);
            for (output, values) in scratch.chunks(channels).enumerate() {
                let at = (front + output * stride) * channels;
                spread[at..at + channels].copy_from_slice(values);
            }
            next_row += 1;
        }
        let first = (row + top + 1).saturating_sub(kernel).div_ceil(stride);
        let seen = first..last + 1;
        let kernel_row = |output: usize| row + top - output * stride;

        let source = &saved.input[row * row_len..(row + 1) * row_len];
        let interior = left * channels..left * channels + row_len;
        let values = &mut activated.row_mut(0)[interior];
        match saved.norm {
            Some(norm) => activate_with_slope(source, norm, values, &mut slope),
            None => values.copy_from_slice(source),
        }
        let taps: Vec<GradientTap<'_>> = seen
            .clone()
            .map(|output| GradientTap {
                gradient: gradients.row(output),
                kernel_row: kernel_row(output),
            })
            .collect();
        WeightGradientRow {
            taps: &taps,
            gradient_start: front,
            outputs: outputs.width,
            values: activated.row(0),
            kernel,
            stride,
            channels,
            weights: &mut weights,
        }
        .add();

        let taps: Vec<Tap<'_>> = seen
            .map(|output| {
                let at = kernel_row(output) * kernel * channels;
                Tap {
                    values: gradients.row(output),
                    weights: &flipped[at..at + kernel * channels],
                }
            })
            .collect();
        convolve_row(&taps, kernel, 1, channels, target);
        if let Some(norm) = saved.norm {
            slope_gradient(target, &slope, source, norm, &mut sums);
        }
    }
    (weights, sums)
}

/// The weights with every row reversed.
fn flipped(weights: &[f32], window: Window, channels: usize) -> Vec<f32> {
    weights
        .chunks(window.kernel * channels)
        .flat_map(|row| row.chunks(channels).rev().flatten().copied())
        .collect()
}
