//! Stretching and squeezing along a grid.

use contract::Preprocessing;
use rand::Rng;
use serde::{Deserialize, Serialize};

use crate::error::OutOfRange;
use crate::imaging;
use crate::random::symmetric;
use crate::range::check;
use crate::{Image, RandomTransform};

/// Stretches or squeezes each column and each row of a grid: albumentations'
/// `GridDistortion` up to 1.2 (from 1.3 on, `normalized=False`), bilinear with
/// `BORDER_REFLECT_101`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct GridDistortion {
    /// How often, 0 to 1; default 0.5.
    pub probability: f64,
    /// Cells of the grid a side, 1 to 100; default 5.
    pub num_steps: usize,
    /// Cells are resized by `1 - distort_limit` to `1 + distort_limit`; 0 to 1,
    /// default 0.3.
    pub distort_limit: f64,
}

impl Default for GridDistortion {
    fn default() -> Self {
        Self {
            probability: 0.5,
            num_steps: 5,
            distort_limit: 0.3,
        }
    }
}

/// How much of the image each cell shows, as a multiple of the cell's size;
/// one more than there are cells, for what is left at the end.
#[derive(Clone, Debug, PartialEq)]
pub struct GridParameters {
    /// From left to right.
    pub x_steps: Vec<f64>,
    /// From top to bottom.
    pub y_steps: Vec<f64>,
}

impl RandomTransform for GridDistortion {
    const KIND: &'static str = "grid_distortion";
    type Parameters = GridParameters;

    fn probability(&self) -> f64 {
        self.probability
    }

    fn validate(&self) -> Result<(), OutOfRange> {
        let holds = (1..=100).contains(&self.num_steps);
        check(holds, "num_steps", self.num_steps, "1 to 100")?;
        let holds = (0.0..=1.0).contains(&self.distort_limit);
        check(holds, "distort_limit", self.distort_limit, "0 to 1")
    }

    fn sample(
        &self,
        _size: [usize; 2],
        _network: &Preprocessing,
        rng: &mut impl Rng,
    ) -> GridParameters {
        let mut steps = || {
            let step = |_| 1.0 + symmetric(self.distort_limit, rng);
            (0..=self.num_steps).map(step).collect()
        };
        GridParameters {
            x_steps: steps(),
            y_steps: steps(),
        }
    }

    fn apply(&self, image: Image, parameters: &GridParameters) -> Image {
        let [columns, rows] = [
            (image.width, &parameters.x_steps),
            (image.height, &parameters.y_steps),
        ]
        .map(|(len, steps)| -> Vec<i64> {
            let coordinates = coordinates(len, steps);
            coordinates.into_iter().map(imaging::to_position).collect()
        });
        imaging::remap(&image, |y, x| (columns[x], rows[y]))
    }
}

/// For each of `len` pixels of the result, the coordinate in the source.
fn coordinates(len: usize, steps: &[f64]) -> Vec<f32> {
    let cell = len / (steps.len() - 1);
    // albumentations leaves them at 0 where cells would have no pixel.
    let mut coordinates = vec![0.0; len];
    let mut from = 0.0;
    for (index, step) in steps.iter().enumerate() {
        let start = index * cell;
        let (end, to) = if start + cell > len {
            (len, len as f64)
        } else {
            (start + cell, from + cell as f64 * step)
        };
        linspace(from, to, &mut coordinates[start..end]);
        from = to;
    }
    coordinates
}

/// `numpy.linspace(from, to, len)`: both ends are included.
fn linspace(from: f64, to: f64, out: &mut [f32]) {
    let gaps = out.len().saturating_sub(1).max(1) as f64;
    let step = (to - from) / gaps;
    for (index, value) in out.iter_mut().enumerate() {
        *value = (index as f64 * step + from) as f32;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::image_rng;
    use crate::testing::network;

    #[test]
    fn cells_keep_their_limits() {
        let grid = GridDistortion::default();
        let mut rng = image_rng(0, 0, 0, 0);
        for _ in 0..1000 {
            let GridParameters { x_steps, y_steps } = grid.sample([9, 9], &network(), &mut rng);
            assert_eq!((x_steps.len(), y_steps.len()), (6, 6));
            let mut steps = x_steps.iter().chain(&y_steps);
            assert!(steps.all(|step| (0.7..=1.3).contains(step)));
        }
    }

    #[test]
    fn cells_are_joined_and_the_rest_reaches_the_end() {
        let found = coordinates(7, &[2.0, 0.5, 1.0, 1.0]);
        // Cells of 2 pixels; the last pixel is a cell of its own.
        assert_eq!(found, [0.0, 4.0, 4.0, 5.0, 5.0, 7.0, 7.0]);
    }

    #[test]
    fn an_image_smaller_than_the_grid_does_not_fail() {
        let grid = GridDistortion::default();
        let parameters = grid.sample([2, 1], &network(), &mut image_rng(0, 0, 0, 0));
        let image = Image::filled([2, 1], [5, 6, 7]);
        assert_eq!(grid.apply(image.clone(), &parameters), image);
    }
}
