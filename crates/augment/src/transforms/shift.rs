//! Random translation by whole pixels.

use contract::Preprocessing;
use rand::Rng;
use serde::{Deserialize, Serialize};

use crate::error::OutOfRange;
use crate::image::CHANNELS;
use crate::random::up_to;
use crate::{Image, RandomTransform, range};

/// Moves the image by whole pixels and repeats the border into what that
/// uncovers: the random crop of a padded image, usual for CIFAR, with the
/// padding `mode="edge"` of torchvision's `RandomCrop`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Shift {
    /// How often, 0 to 1; default 1.
    pub probability: f64,
    /// Furthest shift in each direction as a share of the image's side, 0 to
    /// below 1; default 0.125, which is 4 pixels of 32.
    pub limit: f64,
}

impl Default for Shift {
    fn default() -> Self {
        Self {
            probability: 1.0,
            limit: 0.125,
        }
    }
}

/// Where the image goes, in pixels; negative is up and left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ShiftParameters {
    /// Rows down.
    pub down: isize,
    /// Columns to the right.
    pub right: isize,
}

impl RandomTransform for Shift {
    const KIND: &'static str = "shift";
    type Parameters = ShiftParameters;

    fn probability(&self) -> f64 {
        self.probability
    }

    fn validate(&self) -> Result<(), OutOfRange> {
        let holds = (0.0..1.0).contains(&self.limit);
        range::check(holds, "limit", self.limit, "0 to below 1")
    }

    fn sample(
        &self,
        size: [usize; 2],
        _network: &Preprocessing,
        rng: &mut impl Rng,
    ) -> ShiftParameters {
        let [down, right] = size.map(|side| {
            let furthest = (self.limit * side as f64).round() as usize;
            up_to(2 * furthest, rng) as isize - furthest as isize
        });
        ShiftParameters { down, right }
    }

    fn apply(&self, image: Image, &ShiftParameters { down, right }: &ShiftParameters) -> Image {
        let clamp = |position: usize, offset: isize, side: usize| {
            (position as isize - offset).clamp(0, side as isize - 1) as usize
        };
        let columns: Vec<usize> = (0..image.width)
            .map(|x| clamp(x, right, image.width))
            .collect();
        let mut out = Image::filled(image.size(), [0; CHANNELS]);
        for (y, row) in out.colours_mut().chunks_exact_mut(image.width).enumerate() {
            let source = clamp(y, down, image.height) * image.width;
            for (pixel, column) in row.iter_mut().zip(&columns) {
                *pixel = image.colours()[source + column];
            }
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::image_rng;
    use crate::testing::network;

    #[test]
    fn moves_and_repeats_the_border() {
        let grey = |levels: &[u8]| {
            let pixels = levels.iter().flat_map(|&level| [level; CHANNELS]).collect();
            Image::new([2, 3], pixels)
        };
        let image = grey(&[1, 2, 3, 4, 5, 6]);
        for (down, right, expected) in [
            (0, 1, [1, 1, 2, 4, 4, 5]),
            (-1, 0, [4, 5, 6, 4, 5, 6]),
            (0, 0, [1, 2, 3, 4, 5, 6]),
            (9, -9, [3; 6]),
        ] {
            let parameters = ShiftParameters { down, right };
            let shifted = Shift::default().apply(image.clone(), &parameters);
            assert_eq!(shifted, grey(&expected));
        }
    }

    #[test]
    fn shifts_cover_their_range() {
        let mut rng = image_rng(0, 0, 0, 0);
        let shift = Shift::default();
        let (mut down, mut right) = (BTreeSet::new(), BTreeSet::new());
        for _ in 0..2000 {
            let parameters = shift.sample([16, 32], &network(), &mut rng);
            down.insert(parameters.down);
            right.insert(parameters.right);
        }
        assert!(down.into_iter().eq(-2..=2) && right.into_iter().eq(-4..=4));
    }
}
