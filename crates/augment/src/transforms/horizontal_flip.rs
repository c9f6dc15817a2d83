//! Mirroring left to right.

use contract::Preprocessing;
use rand::Rng;
use serde::{Deserialize, Serialize};

use crate::{Image, RandomTransform};

/// Mirrors the image left to right: albumentations' `HorizontalFlip`,
/// torchvision's `RandomHorizontalFlip`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct HorizontalFlip {
    /// How often, 0 to 1; default 0.5.
    pub probability: f64,
}

impl Default for HorizontalFlip {
    fn default() -> Self {
        Self { probability: 0.5 }
    }
}

impl RandomTransform for HorizontalFlip {
    const KIND: &'static str = "horizontal_flip";
    type Parameters = ();

    fn probability(&self) -> f64 {
        self.probability
    }

    fn sample(&self, _size: [usize; 2], _network: &Preprocessing, _rng: &mut impl Rng) {}

    fn apply(&self, mut image: Image, (): &()) -> Image {
        let width = image.width;
        for row in image.colours_mut().chunks_exact_mut(width) {
            row.reverse();
        }
        image
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mirrors_each_row_and_twice_is_nothing() {
        let image = Image::new([2, 2], (0..12).collect());
        let flip = HorizontalFlip::default();
        let flipped = flip.apply(image.clone(), &());
        assert_eq!(flipped.pixels, [3, 4, 5, 0, 1, 2, 9, 10, 11, 6, 7, 8]);
        assert_eq!(flip.apply(flipped, &()), image);
    }
}
