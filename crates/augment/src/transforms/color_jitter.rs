//! Random brightness, contrast, saturation and hue.

use contract::Preprocessing;
use rand::Rng;
use rand::seq::SliceRandom;
use serde::{Deserialize, Serialize};

use crate::error::OutOfRange;
use crate::imaging;
use crate::random::{symmetric, uniform};
use crate::range::check;
use crate::{Image, RandomTransform};

/// Changes brightness, contrast, saturation and hue in random order:
/// torchvision's `ColorJitter` on PIL images.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ColorJitter {
    /// How often, 0 to 1; default 1.
    pub probability: f64,
    /// The brightness factor is drawn from `1 - brightness` (0 at least) to
    /// `1 + brightness`; 0 or more, default 0: not changed.
    pub brightness: f64,
    /// The same for the contrast.
    pub contrast: f64,
    /// The same for the saturation.
    pub saturation: f64,
    /// The hue is turned by `-hue` to `hue` of a circle; 0 to 0.5, default 0:
    /// not changed.
    pub hue: f64,
}

impl Default for ColorJitter {
    fn default() -> Self {
        Self {
            probability: 1.0,
            brightness: 0.0,
            contrast: 0.0,
            saturation: 0.0,
            hue: 0.0,
        }
    }
}

/// One change of an image's colours.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Adjustment {
    /// From black (0) through the image (1) to brighter ones.
    Brightness(f64),
    /// From the mean grey (0) through the image (1) to more contrast.
    Contrast(f64),
    /// From grey (0) through the image (1) to stronger colours.
    Saturation(f64),
    /// Turn of the hue in circles, -0.5 to 0.5.
    Hue(f64),
}

impl RandomTransform for ColorJitter {
    const KIND: &'static str = "color_jitter";
    /// The changes in their order.
    type Parameters = Vec<Adjustment>;

    fn probability(&self) -> f64 {
        self.probability
    }

    fn validate(&self) -> Result<(), OutOfRange> {
        for (key, value) in [
            ("brightness", self.brightness),
            ("contrast", self.contrast),
            ("saturation", self.saturation),
        ] {
            let holds = value >= 0.0 && value.is_finite();
            check(holds, key, value, "0 or more")?;
        }
        check((0.0..=0.5).contains(&self.hue), "hue", self.hue, "0 to 0.5")
    }

    fn sample(
        &self,
        _size: [usize; 2],
        _network: &Preprocessing,
        rng: &mut impl Rng,
    ) -> Vec<Adjustment> {
        let mut adjustments = Vec::with_capacity(4);
        for (strength, adjustment) in [
            (
                self.brightness,
                Adjustment::Brightness as fn(f64) -> Adjustment,
            ),
            (self.contrast, Adjustment::Contrast),
            (self.saturation, Adjustment::Saturation),
        ] {
            if strength > 0.0 {
                let bounds = [(1.0 - strength).max(0.0), 1.0 + strength];
                adjustments.push(adjustment(uniform(bounds, rng)));
            }
        }
        if self.hue > 0.0 {
            adjustments.push(Adjustment::Hue(symmetric(self.hue, rng)));
        }
        adjustments.shuffle(rng);
        adjustments
    }

    fn apply(&self, mut image: Image, adjustments: &Vec<Adjustment>) -> Image {
        for &adjustment in adjustments {
            match adjustment {
                Adjustment::Brightness(factor) => imaging::adjust_brightness(&mut image, factor),
                Adjustment::Contrast(factor) => imaging::adjust_contrast(&mut image, factor),
                Adjustment::Saturation(factor) => imaging::adjust_saturation(&mut image, factor),
                Adjustment::Hue(turn) => imaging::adjust_hue(&mut image, turn),
            }
        }
        image
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::image_rng;
    use crate::testing::network;

    #[test]
    fn every_order_is_as_likely_and_factors_keep_to_their_ranges() {
        let jitter = ColorJitter {
            brightness: 0.4,
            contrast: 2.0,
            saturation: 0.2,
            ..ColorJitter::default()
        };
        let mut rng = image_rng(0, 0, 0, 0);
        let mut orders = BTreeMap::new();
        for _ in 0..6000 {
            let adjustments = jitter.sample([2, 2], &network(), &mut rng);
            let order: String = adjustments
                .iter()
                .map(|adjustment| match *adjustment {
                    Adjustment::Brightness(factor) => {
                        assert!((0.6..=1.4).contains(&factor));
                        'b'
                    }
                    Adjustment::Contrast(factor) => {
                        assert!((0.0..=3.0).contains(&factor));
                        'c'
                    }
                    Adjustment::Saturation(factor) => {
                        assert!((0.8..=1.2).contains(&factor));
                        's'
                    }
                    Adjustment::Hue(_) => 'h',
                })
                .collect();
            *orders.entry(order).or_insert(0) += 1;
        }
        // 1000 of each expected, with a standard deviation of 29.
        assert_eq!(orders.len(), 6);
        assert!(
            orders.values().all(|count| (820..1180).contains(count)),
            "{orders:?}"
        );
    }

    #[test]
    fn ranges_are_checked() {
        let jitter = ColorJitter {
            hue: 0.6,
            ..ColorJitter::default()
        };
        assert_eq!(jitter.validate().unwrap_err().key, "hue");
        let jitter = ColorJitter {
            contrast: f64::INFINITY,
            ..ColorJitter::default()
        };
        assert_eq!(jitter.validate().unwrap_err().key, "contrast");
    }
}
