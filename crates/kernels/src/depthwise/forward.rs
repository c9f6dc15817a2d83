//! Forward pass.

use rayon::prelude::*;

use super::{
    row::{Tap, convolve_row},
    window::{Rows, padded_width},
};
use crate::{
    Normalisation, Shape, Window,
    activation::activate,
    norm::{Moments, TileMoments},
};

/// `output = convolution(silu(norm(input)))`, or of `input` itself without a
/// norm, and the moments of the output.
///
/// # Shapes
/// - input: `shape`
/// - weights: `[kernel, kernel, channels]`
/// - output: `window.output(shape)`
pub fn forward(
    input: &[f32],
    norm: Option<&Normalisation>,
    weights: &[f32],
    shape: Shape,
    window: Window,
    output: &mut [f32],
) -> Moments {
    let out_len = window.output(shape).image_len();
    let parts: Vec<TileMoments> = input
        .par_chunks(shape.image_len())
        .zip(output.par_chunks_mut(out_len))
        .map(|(input, output)| image(input, norm, weights, shape, window, output))
        .collect();
    Moments::combine(&parts)
}

/// One image.
fn image(
    input: &[f32],
    norm: Option<&Normalisation>,
    weights: &[f32],
    shape: Shape,
    window: Window,
    output: &mut [f32],
) -> TileMoments {
    let channels = shape.channels;
    let ones = vec![1.0; channels];
    let row_len = shape.width * channels;
    let (top, left) = (
        window.zeros_before(shape.height),
        window.zeros_before(shape.width),
    );
    let interior = left * channels..left * channels + row_len;
    let mut rows = Rows::new(window.kernel, padded_width(shape, window), channels);
    let mut next_row = 0;
    let mut moments: Option<TileMoments> = None;
    let out_row_len = window.outputs(shape.width) * channels;
    for (out_row, output) in output.chunks_mut(out_row_len).enumerate() {
        let first = (out_row * window.stride) as isize - top as isize;
        let seen =
            first.max(0) as usize..((first + window.kernel as isize) as usize).min(shape.height);
        while next_row < seen.end {
            let source = &input[next_row * row_len..(next_row + 1) * row_len];
            let target = &mut rows.row_mut(next_row)[interior.clone()];
            match norm {
                Some(norm) => activate(source, norm, &ones, target),
                None => target.copy_from_slice(source),
            }
            next_row += 1;
        }
        let taps: Vec<Tap<'_>> = seen
            .map(|row| {
                let k = (row as isize - first) as usize * window.kernel * channels;
                Tap {
                    values: rows.row(row),
                    weights: &weights[k..k + window.kernel * channels],
                }
            })
            .collect();
        convolve_row(&taps, window.kernel, window.stride, channels, output);
        moments
            .get_or_insert_with(|| TileMoments::new(output, channels))
            .add(output);
    }
    moments.unwrap_or_else(|| TileMoments::new(&ones, channels))
}
