//! The rows of an image that a depthwise window sees, padded.

use crate::{Buffer, Shape, Window};

/// The latest rows of an image, each with its zeros left and right, in a ring:
/// a convolution reads them several times while they are in the cache.
pub(super) struct Rows {
    values: Buffer,
    slots: usize,
    padded: usize,
    channels: usize,
}

impl Rows {
    /// `slots` rows of `padded` positions, all zero.
    pub fn new(slots: usize, padded: usize, channels: usize) -> Self {
        Self {
            values: Buffer::zeros(slots * padded * channels),
            slots,
            padded,
            channels,
        }
    }

    /// Row `row` of the image.
    pub fn row(&self, row: usize) -> &[f32] {
        let len = self.padded * self.channels;
        let start = row % self.slots * len;
        &self.values[start..start + len]
    }

    /// Row `row`, to be written, its zeros included.
    pub fn row_mut(&mut self, row: usize) -> &mut [f32] {
        let len = self.padded * self.channels;
        let start = row % self.slots * len;
        &mut self.values[start..start + len]
    }
}

/// Positions of a padded row: the zeros before, the row, and at least as many
/// after it as the last output reaches.
pub(super) fn padded_width(input: Shape, window: Window) -> usize {
    let reach = (window.outputs(input.width) - 1) * window.stride + window.kernel;
    reach.max(window.zeros_before(input.width) + input.width)
}
