//! Which of mixup and CutMix a batch gets.

use rand::Rng;
use serde::{Deserialize, Serialize};

use super::target::{SoftTarget, targets};
use super::{CutMix, Mixup};
use crate::error::AugmentError;
use crate::random::happens;
use crate::{Image, range};

/// The mixing of a recipe, with the values of timm's `Mixup`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct BatchMix {
    /// How often a batch is mixed at all, 0 to 1; default 1.
    pub probability: f64,
    /// mixup draws its weight from Beta(alpha, alpha); 0 (default) to 100, 0 for
    /// no mixup.
    pub mixup_alpha: f64,
    /// CutMix draws its area from Beta(alpha, alpha); 0 (default) to 100, 0 for
    /// no CutMix.
    pub cutmix_alpha: f64,
    /// How often CutMix is taken where both are on, 0 to 1; default 0.5.
    pub switch_probability: f64,
}

impl Default for BatchMix {
    fn default() -> Self {
        Self {
            probability: 1.0,
            mixup_alpha: 0.0,
            cutmix_alpha: 0.0,
            switch_probability: 0.5,
        }
    }
}

/// What is done with one batch.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Mix {
    /// Nothing.
    Unmixed,
    /// Weighted means.
    Mixup(Mixup),
    /// Swapped rectangles.
    CutMix(CutMix),
}

impl BatchMix {
    /// Checks every value's range.
    ///
    /// # Errors
    /// [`AugmentError::Mix`] for the first value that is out of range.
    pub fn validate(&self) -> Result<(), AugmentError> {
        let alpha =
            |key, value: f64| range::check((0.0..=100.0).contains(&value), key, value, "0 to 100");
        range::probability("probability", self.probability)
            .and_then(|()| range::probability("switch_probability", self.switch_probability))
            .and_then(|()| alpha("mixup_alpha", self.mixup_alpha))
            .and_then(|()| alpha("cutmix_alpha", self.cutmix_alpha))
            .map_err(AugmentError::Mix)
    }

    /// Draws what is done with a batch of images of `size` = `[height, width]`,
    /// with valid values.
    pub fn sample(&self, size: [usize; 2], rng: &mut impl Rng) -> Mix {
        let mixes = happens(self.probability, rng);
        let switches = happens(self.switch_probability, rng);
        let (mixup, cutmix) = (self.mixup_alpha > 0.0, self.cutmix_alpha > 0.0);
        if !mixes || !(mixup || cutmix) {
            Mix::Unmixed
        } else if cutmix && (switches || !mixup) {
            Mix::CutMix(CutMix::sample(self.cutmix_alpha, size, rng))
        } else {
            Mix::Mixup(Mixup::sample(self.mixup_alpha, rng))
        }
    }
}

impl Mix {
    /// Mixes the images of a batch, all of the size that was drawn for, and
    /// gives the targets that belong to them; `labels` are the images' own.
    ///
    /// # Panics
    /// If there are not as many labels as images, or the images differ in size.
    pub fn apply(&self, images: &mut [Image], labels: &[usize]) -> Vec<SoftTarget> {
        assert_eq!(images.len(), labels.len(), "labels of a batch's images");
        let lambda = match self {
            Self::Unmixed => 1.0,
            Self::Mixup(mixup) => {
                mixup.apply(images);
                mixup.lambda
            }
            Self::CutMix(cutmix) => {
                cutmix.apply(images);
                images
                    .first()
                    .map_or(1.0, |image| cutmix.lambda(image.size()))
            }
        };
        targets(labels, lambda)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::batch_rng;

    fn counts(mix: &BatchMix) -> [usize; 3] {
        mix.validate().unwrap();
        let mut counts = [0; 3];
        for batch in 0..2000 {
            match mix.sample([8, 8], &mut batch_rng(0, 0, batch)) {
                Mix::Unmixed => counts[0] += 1,
                Mix::Mixup(_) => counts[1] += 1,
                Mix::CutMix(_) => counts[2] += 1,
            }
        }
        counts
    }

    #[test]
    fn each_mix_has_its_probability() {
        let both = BatchMix {
            probability: 0.8,
            mixup_alpha: 0.2,
            cutmix_alpha: 1.0,
            switch_probability: 0.25,
        };
        let [unmixed, mixup, cutmix] = counts(&both);
        // 400, 1200 and 400 expected, with standard deviations of 18 and 22.
        assert!((290..510).contains(&unmixed), "{unmixed}");
        assert!((1070..1330).contains(&mixup), "{mixup}");
        assert!((290..510).contains(&cutmix), "{cutmix}");
    }

    #[test]
    fn an_alpha_of_0_turns_its_mix_off() {
        let mix = |mixup_alpha, cutmix_alpha| BatchMix {
            mixup_alpha,
            cutmix_alpha,
            ..BatchMix::default()
        };
        assert_eq!(counts(&mix(0.0, 0.0)), [2000, 0, 0]);
        assert_eq!(counts(&mix(0.4, 0.0)), [0, 2000, 0]);
        assert_eq!(counts(&mix(0.0, 0.4)), [0, 0, 2000]);
    }

    #[test]
    fn targets_name_both_labels() {
        let mut images = vec![Image::filled([2, 2], [0; 3]); 3];
        let mix = Mix::Mixup(Mixup { lambda: 0.3 });
        let targets = mix.apply(&mut images, &[5, 6, 7]);
        let labels: Vec<_> = targets.iter().map(|t| (t.label, t.mixed_label)).collect();
        assert_eq!(labels, [(5, 7), (6, 6), (7, 5)]);
        assert!(targets.iter().all(|target| target.lambda == 0.3));
        let unmixed = Mix::Unmixed.apply(&mut images, &[5, 6, 7]);
        assert!(unmixed.iter().all(|target| target.lambda == 1.0));
    }

    #[test]
    fn values_out_of_range_are_named() {
        let mix = BatchMix {
            cutmix_alpha: -1.0,
            ..BatchMix::default()
        };
        let error = mix.validate().unwrap_err();
        assert_eq!(
            error.to_string(),
            "mix: cutmix_alpha = -1.0 is out of range, expected 0 to 100"
        );
    }
}
