//! RandAugment.

use contract::Preprocessing;
use rand::Rng;
use serde::{Deserialize, Serialize};

use super::operation::Operation;
use super::operation_space::OperationSpace;
use crate::error::OutOfRange;
use crate::range::check;
use crate::{Image, Interpolation, RandomTransform};

/// Some random operations of one strength: RandAugment (Cubuk et al. 2020) as
/// torchvision's `RandAugment` on PIL images defines it (timm's has other
/// operations and magnitudes).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RandAugment {
    /// How often, 0 to 1; default 1.
    pub probability: f64,
    /// Operations one after the other, 1 to 14; default 2.
    pub num_ops: usize,
    /// Strength, 0 to below `num_magnitude_bins`; default 9.
    pub magnitude: usize,
    /// Levels of strength, 2 to 1000; default 31.
    pub num_magnitude_bins: usize,
    /// `nearest` (default) or `bilinear`.
    pub interpolation: Interpolation,
    /// Red, green and blue of what the image does not cover; default black.
    pub fill: [u8; 3],
}

impl Default for RandAugment {
    fn default() -> Self {
        Self {
            probability: 1.0,
            num_ops: 2,
            magnitude: 9,
            num_magnitude_bins: 31,
            interpolation: Interpolation::default(),
            fill: [0; 3],
        }
    }
}

impl RandomTransform for RandAugment {
    const KIND: &'static str = "rand_augment";
    /// The operations in their order.
    type Parameters = Vec<Operation>;

    fn probability(&self) -> f64 {
        self.probability
    }

    fn validate(&self) -> Result<(), OutOfRange> {
        let holds = (1..=14).contains(&self.num_ops);
        check(holds, "num_ops", self.num_ops, "1 to 14")?;
        let bins = self.num_magnitude_bins;
        let holds = (2..=1000).contains(&bins);
        check(holds, "num_magnitude_bins", bins, "2 to 1000")?;
        check(
            self.magnitude < bins,
            "magnitude",
            self.magnitude,
            "0 to below num_magnitude_bins",
        )
    }

    fn sample(
        &self,
        size: [usize; 2],
        _network: &Preprocessing,
        rng: &mut impl Rng,
    ) -> Vec<Operation> {
        let space = space(size);
        let last = self.num_magnitude_bins - 1;
        (0..self.num_ops)
            .map(|_| space.sample(self.magnitude, last, rng))
            .collect()
    }

    fn apply(&self, image: Image, operations: &Vec<Operation>) -> Image {
        operations.iter().fold(image, |image, operation| {
            operation.apply(image, self.interpolation, self.fill)
        })
    }
}

fn space([height, width]: [usize; 2]) -> OperationSpace {
    OperationSpace {
        shear: 0.3,
        // Shifts were meant for images of 331 pixels.
        translate: [width, height].map(|side| 150.0 / 331.0 * side as f64),
        rotate: 30.0,
        adjust: 0.9,
        lost_bits: 4.0,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::image_rng;
    use crate::testing::{name, network};

    #[test]
    fn operations_are_as_likely_and_signs_even() {
        let augment = RandAugment::default();
        let mut rng = image_rng(0, 0, 0, 0);
        let mut counts = BTreeMap::new();
        let (mut left, mut right) = (0, 0);
        for _ in 0..14_000 {
            let operations = augment.sample([32, 32], &network(), &mut rng);
            assert_eq!(operations.len(), 2);
            for operation in operations {
                *counts.entry(name(&operation)).or_insert(0) += 1;
                if let Operation::TranslateX(pixels) = operation {
                    *(if pixels < 0.0 { &mut left } else { &mut right }) += 1;
                }
            }
        }
        // 2000 of each expected, with a standard deviation of 43.
        assert_eq!(counts.len(), 14);
        assert!(
            counts.values().all(|count| (1740..2260).contains(count)),
            "{counts:?}"
        );
        assert!(left > 800 && right > 800, "{left} {right}");
    }

    #[test]
    fn strength_0_changes_no_place_and_no_colour_but_by_the_histogram() {
        let image = Image::new([5, 6], (0..90).collect());
        for operation in space([5, 6]).operations(0.0, 30.0, 1.0) {
            let changed = operation.apply(image.clone(), Interpolation::Bilinear, [0; 3]);
            if !matches!(operation, Operation::AutoContrast | Operation::Equalize) {
                assert_eq!(changed, image, "{operation:?}");
            }
        }
    }

    #[test]
    fn ranges_are_checked() {
        let augment = RandAugment {
            magnitude: 31,
            ..RandAugment::default()
        };
        assert_eq!(augment.validate().unwrap_err().key, "magnitude");
        let augment = RandAugment {
            num_ops: 0,
            ..RandAugment::default()
        };
        assert_eq!(augment.validate().unwrap_err().key, "num_ops");
    }
}
