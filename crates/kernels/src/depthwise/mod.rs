//! Depthwise convolution, with the normalisation and SiLU before it applied
//! while its input is read.

mod backward;
mod forward;
mod row;
mod window;

pub use backward::{Saved, backward};
pub use forward::forward;

use crate::Window;

/// The weights with neighbouring channels side by side.
///
/// # Shapes
/// - weights: `[channels, kernel, kernel]`
/// - output: `[kernel, kernel, channels]`
pub fn channels_last(weights: &[f32], window: Window) -> Vec<f32> {
    transpose(weights, window.kernel * window.kernel)
}

/// The opposite of [`channels_last`].
pub fn channels_first(weights: &[f32], window: Window) -> Vec<f32> {
    transpose(weights, weights.len() / (window.kernel * window.kernel))
}

/// `[rows, columns]` to `[columns, rows]`.
fn transpose(values: &[f32], columns: usize) -> Vec<f32> {
    let rows = values.len() / columns;
    (0..values.len())
        .map(|i| values[i % rows * columns + i / rows])
        .collect()
}
