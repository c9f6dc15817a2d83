//! A rectangle of a picture.

use std::ops::Range;

/// A rectangle of a picture, in pixels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rectangle {
    /// First row.
    pub top: usize,
    /// First column.
    pub left: usize,
    /// Rows, 1 or more.
    pub height: usize,
    /// Columns, 1 or more.
    pub width: usize,
}

impl Rectangle {
    /// The whole of a picture of `[height, width]`.
    pub fn whole([height, width]: [usize; 2]) -> Self {
        Self {
            top: 0,
            left: 0,
            height,
            width,
        }
    }

    /// Its rows in the picture.
    pub(super) fn rows(&self) -> Range<usize> {
        self.top..self.top + self.height
    }

    /// Its columns in the picture.
    pub(super) fn columns(&self) -> Range<usize> {
        self.left..self.left + self.width
    }

    /// # Panics
    /// If the rectangle is empty or reaches out of a picture of `[height, width]`.
    pub(super) fn assert_inside(&self, [height, width]: [usize; 2]) {
        assert!(
            self.height > 0
                && self.width > 0
                && self.rows().end <= height
                && self.columns().end <= width,
            "{self:?} is not a part of a {height}x{width} picture"
        );
    }
}
