//! TrivialAugment.

use contract::Preprocessing;
use rand::Rng;
use serde::{Deserialize, Serialize};

use super::operation::Operation;
use super::operation_space::OperationSpace;
use crate::error::OutOfRange;
use crate::random::up_to;
use crate::range::check;
use crate::{Image, Interpolation, RandomTransform};

/// One random operation of random strength: TrivialAugment (Müller and Hutter
/// 2021) as torchvision's `TrivialAugmentWide` on PIL images defines it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct TrivialAugmentWide {
    /// How often, 0 to 1; default 1.
    pub probability: f64,
    /// Levels of strength, 2 to 1000; default 31.
    pub num_magnitude_bins: usize,
    /// `nearest` (default) or `bilinear`.
    pub interpolation: Interpolation,
    /// Red, green and blue of what the image does not cover; default black.
    pub fill: [u8; 3],
}

impl Default for TrivialAugmentWide {
    fn default() -> Self {
        Self {
            probability: 1.0,
            num_magnitude_bins: 31,
            interpolation: Interpolation::default(),
            fill: [0; 3],
        }
    }
}

impl RandomTransform for TrivialAugmentWide {
    const KIND: &'static str = "trivial_augment_wide";
    type Parameters = Operation;

    fn probability(&self) -> f64 {
        self.probability
    }

    fn validate(&self) -> Result<(), OutOfRange> {
        let bins = self.num_magnitude_bins;
        let holds = (2..=1000).contains(&bins);
        check(holds, "num_magnitude_bins", bins, "2 to 1000")
    }

    fn sample(&self, _size: [usize; 2], _network: &Preprocessing, rng: &mut impl Rng) -> Operation {
        let last = self.num_magnitude_bins - 1;
        let magnitude = up_to(last, rng);
        SPACE.sample(magnitude, last, rng)
    }

    fn apply(&self, image: Image, operation: &Operation) -> Image {
        operation.apply(image, self.interpolation, self.fill)
    }
}

const SPACE: OperationSpace = OperationSpace {
    shear: 0.99,
    translate: [32.0; 2],
    rotate: 135.0,
    adjust: 0.99,
    lost_bits: 6.0,
};

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use super::*;
    use crate::image_rng;
    use crate::testing::{name, network};

    #[test]
    fn operations_and_strengths_are_as_likely() {
        let augment = TrivialAugmentWide::default();
        let mut rng = image_rng(0, 0, 0, 0);
        let mut counts = BTreeMap::new();
        let mut bits = BTreeSet::new();
        let (mut rotations, mut sum) = (0.0, 0.0);
        for _ in 0..14_000 {
            let operation = augment.sample([32, 32], &network(), &mut rng);
            *counts.entry(name(&operation)).or_insert(0) += 1;
            match operation {
                Operation::Posterize(kept) => _ = bits.insert(kept),
                Operation::Rotate(degrees) => {
                    rotations += 1.0;
                    sum += degrees.abs();
                }
                _ => {}
            }
        }
        // 1000 of each expected, with a standard deviation of 30.
        assert_eq!(counts.len(), 14);
        assert!(
            counts.values().all(|count| (820..1180).contains(count)),
            "{counts:?}"
        );
        assert!(bits.into_iter().eq(2..=8));
        // Evenly spaced from 0 to 135: standard deviation 40 degrees.
        let mean: f64 = sum / rotations;
        assert!((mean - 67.5).abs() < 8.0, "{mean}");
    }

    #[test]
    fn one_bin_is_refused() {
        let augment = TrivialAugmentWide {
            num_magnitude_bins: 1,
            ..TrivialAugmentWide::default()
        };
        assert!(augment.validate().is_err());
    }
}
