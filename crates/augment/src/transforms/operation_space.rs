//! How strong the operations of RandAugment and TrivialAugment are.

use rand::seq::IndexedRandom;
use rand::{Rng, RngExt};

use super::operation::Operation;

/// The operations at their strongest: torchvision's `_augmentation_space`.
pub(super) struct OperationSpace {
    /// Shift per row or column.
    pub shear: f64,
    /// Shifts to the right and down, in pixels.
    pub translate: [f64; 2],
    /// Degrees.
    pub rotate: f64,
    /// Brightness, saturation, contrast and sharpness, as [`Operation`] has them.
    pub adjust: f64,
    /// Bits that posterising takes from each byte.
    pub lost_bits: f64,
}

impl OperationSpace {
    /// Draws one of the operations, at strength `magnitude` of 0 to `last`.
    pub fn sample(&self, magnitude: usize, last: usize, rng: &mut impl Rng) -> Operation {
        // The direction is drawn also for operations that have none.
        let sign = if rng.random() { -1.0 } else { 1.0 };
        self.operations(magnitude as f64, last as f64, sign)
            .choose(rng)
            .copied()
            .unwrap_or(Operation::Identity)
    }

    /// Every operation at strength `magnitude` of 0 to `last`, in the direction `sign`.
    pub fn operations(&self, magnitude: f64, last: f64, sign: f64) -> [Operation; 14] {
        let share = magnitude / last;
        let signed = |largest: f64| sign * largest * share;
        let lost_bits = (magnitude / (last / self.lost_bits)).round_ties_even();
        let [right, down] = self.translate;
        [
            Operation::Identity,
            Operation::ShearX(signed(self.shear)),
            Operation::ShearY(signed(self.shear)),
            Operation::TranslateX(signed(right)),
            Operation::TranslateY(signed(down)),
            Operation::Rotate(signed(self.rotate)),
            Operation::Brightness(signed(self.adjust)),
            Operation::Color(signed(self.adjust)),
            Operation::Contrast(signed(self.adjust)),
            Operation::Sharpness(signed(self.adjust)),
            Operation::Posterize(8 - lost_bits as u8),
            Operation::Solarize(255.0 * (last - magnitude) / last),
            Operation::AutoContrast,
            Operation::Equalize,
        ]
    }
}
