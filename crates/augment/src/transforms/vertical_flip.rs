//! Mirroring top to bottom.

use contract::Preprocessing;
use rand::Rng;
use serde::{Deserialize, Serialize};

use crate::{Image, RandomTransform};

/// Mirrors the image top to bottom: albumentations' `VerticalFlip`,
/// torchvision's `RandomVerticalFlip`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct VerticalFlip {
    /// How often, 0 to 1; default 0.5.
    pub probability: f64,
}

impl Default for VerticalFlip {
    fn default() -> Self {
        Self { probability: 0.5 }
    }
}

impl RandomTransform for VerticalFlip {
    const KIND: &'static str = "vertical_flip";
    type Parameters = ();

    fn probability(&self) -> f64 {
        self.probability
    }

    fn sample(&self, _size: [usize; 2], _network: &Preprocessing, _rng: &mut impl Rng) {}

    fn apply(&self, image: Image, (): &()) -> Image {
        let mut pixels = Vec::with_capacity(image.pixels.len());
        for row in image.rows().rev() {
            pixels.extend_from_slice(row);
        }
        Image::new(image.size(), pixels)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reverses_the_rows_and_twice_is_nothing() {
        let image = Image::new([3, 1], (0..9).collect());
        let flip = VerticalFlip::default();
        let flipped = flip.apply(image.clone(), &());
        assert_eq!(flipped.pixels, [6, 7, 8, 3, 4, 5, 0, 1, 2]);
        assert_eq!(flip.apply(flipped, &()), image);
    }
}
