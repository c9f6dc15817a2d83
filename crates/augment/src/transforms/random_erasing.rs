//! Random erasing.

use contract::Preprocessing;
use rand::Rng;
use rand_distr::{Distribution, StandardNormal};
use serde::{Deserialize, Serialize};

use super::random_resized_crop::round_half_even;
use crate::error::OutOfRange;
use crate::image::CHANNELS;
use crate::random::{log_uniform, uniform, up_to};
use crate::range::{check, ordered};
use crate::{Image, RandomTransform};

/// Overwrites a random rectangle: random erasing (Zhong et al. 2020) with the
/// area, ratio and place of timm's `RandomErasing` (one rectangle an image).
///
/// timm erases after the normalisation, to 0 or to standard normal noise. This
/// one erases bytes, to the normalisation's mean or to noise of its mean and
/// standard deviation, clipped to bytes: the same up to rounding and clipping,
/// while images stay bytes until the network takes them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RandomErasing {
    /// How often, 0 to 1; default 0.5.
    pub probability: f64,
    /// Smallest and largest share of the image's area, 0 to 1; default 0.02 to 1/3.
    pub scale: [f64; 2],
    /// Smallest and largest height / width, 0.01 to 100; default 0.3 to 10/3.
    pub ratio: [f64; 2],
    /// What the rectangle is overwritten with; default `const`, as in timm.
    pub mode: ErasureFill,
}

/// What an erased rectangle shows, under timm's names.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ErasureFill {
    /// The normalisation's mean: 0 for the network.
    #[default]
    Const,
    /// One colour of normal noise.
    Rand,
    /// Normal noise in every pixel.
    Pixel,
}

impl Default for RandomErasing {
    fn default() -> Self {
        Self {
            probability: 0.5,
            scale: [0.02, 1.0 / 3.0],
            ratio: [0.3, 1.0 / 0.3],
            mode: ErasureFill::default(),
        }
    }
}

/// A rectangle in pixels and what to overwrite it with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Erasure {
    /// First row.
    pub top: usize,
    /// First column.
    pub left: usize,
    /// Rows; 0 where no draw fitted the image.
    pub height: usize,
    /// Columns; 0 where no draw fitted the image.
    pub width: usize,
    /// `[height, width, 3]`, RGB.
    pub pixels: Vec<u8>,
}

/// Draws that timm makes before it leaves the image as it is.
const ATTEMPTS: usize = 10;

impl RandomTransform for RandomErasing {
    const KIND: &'static str = "random_erasing";
    type Parameters = Erasure;

    fn probability(&self) -> f64 {
        self.probability
    }

    fn validate(&self) -> Result<(), OutOfRange> {
        check(
            ordered(self.scale, 0.0..=1.0),
            "scale",
            self.scale,
            "a smaller and a larger share of 0 to 1",
        )?;
        check(
            ordered(self.ratio, 0.01..=100.0),
            "ratio",
            self.ratio,
            "a smaller and a larger ratio of 0.01 to 100",
        )
    }

    fn sample(
        &self,
        [image_height, image_width]: [usize; 2],
        network: &Preprocessing,
        rng: &mut impl Rng,
    ) -> Erasure {
        let area = (image_height * image_width) as f64;
        for _ in 0..ATTEMPTS {
            let target = area * uniform(self.scale, rng);
            let ratio = log_uniform(self.ratio, rng);
            let [height, width] =
                [target * ratio, target / ratio].map(|square| round_half_even(square.sqrt()));
            if height < image_height && width < image_width {
                return Erasure {
                    top: up_to(image_height - height, rng),
                    left: up_to(image_width - width, rng),
                    height,
                    width,
                    pixels: self.fill(height * width, network, rng),
                };
            }
        }
        Erasure {
            top: 0,
            left: 0,
            height: 0,
            width: 0,
            pixels: Vec::new(),
        }
    }

    fn apply(&self, mut image: Image, erasure: &Erasure) -> Image {
        let columns = erasure.left * CHANNELS..(erasure.left + erasure.width) * CHANNELS;
        let rows = image.rows_mut().skip(erasure.top).take(erasure.height);
        for (row, fill) in rows.zip(erasure.pixels.chunks(columns.len().max(1))) {
            row[columns.clone()].copy_from_slice(fill);
        }
        image
    }
}

impl RandomErasing {
    /// The bytes of `pixels` erased pixels.
    fn fill(&self, pixels: usize, network: &Preprocessing, rng: &mut impl Rng) -> Vec<u8> {
        // What the network takes as `(byte * scale - mean) / std`, as a byte.
        let byte = |channel: usize, normalised: f32| {
            let level = network.mean[channel] + normalised * network.std[channel];
            (level / network.scale).round() as u8
        };
        let mut noise = || -> [u8; CHANNELS] {
            std::array::from_fn(|channel| byte(channel, StandardNormal.sample(rng)))
        };
        match self.mode {
            ErasureFill::Const => [0, 1, 2].map(|channel| byte(channel, 0.0)).repeat(pixels),
            ErasureFill::Rand => noise().repeat(pixels),
            ErasureFill::Pixel => (0..pixels).flat_map(|_| noise()).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::image_rng;
    use crate::testing::network;

    fn erasing(mode: ErasureFill) -> RandomErasing {
        RandomErasing {
            mode,
            ..RandomErasing::default()
        }
    }

    #[test]
    fn area_and_ratio_are_distributed_as_drawn() {
        let mut rng = image_rng(0, 0, 0, 0);
        let erasing = RandomErasing {
            scale: [0.02, 0.2],
            ..RandomErasing::default()
        };
        let draws: Vec<_> = (0..4000)
            .map(|_| erasing.sample([300, 300], &network(), &mut rng))
            .collect();
        let mean = |value: &dyn Fn(&Erasure) -> f64| {
            draws.iter().map(value).sum::<f64>() / draws.len() as f64
        };
        // Uniform in [0.02, 0.2]: standard error 0.0008.
        let area = mean(&|e| (e.height * e.width) as f64 / 9e4);
        assert!((area - 0.11).abs() < 0.006, "{area}");
        // Uniform logarithm of 0.3 to 1 / 0.3: standard error 0.011.
        let log_ratio = mean(&|e| (e.height as f64 / e.width as f64).ln());
        assert!(log_ratio.abs() < 0.07, "{log_ratio}");
        let place = mean(&|e| e.left as f64 / (300 - e.width) as f64);
        assert!((place - 0.5).abs() < 0.03, "{place}");
    }

    #[test]
    fn the_constant_is_zero_for_the_network() {
        let network = network();
        let erasure =
            erasing(ErasureFill::Const).sample([32, 32], &network, &mut image_rng(0, 0, 0, 0));
        for pixel in erasure.pixels.chunks_exact(CHANNELS) {
            for (channel, &byte) in pixel.iter().enumerate() {
                let (multiplier, offset) = network.multiplier_and_offset(channel);
                let normalised = f32::from(byte) * multiplier + offset;
                assert!(normalised.abs() <= 0.5 * multiplier + 1e-6);
            }
        }
    }

    #[test]
    fn noise_is_standard_normal_for_the_network() {
        let network = network();
        let (multiplier, offset) = network.multiplier_and_offset(0);
        let mut rng = image_rng(0, 0, 0, 0);
        let pixels = erasing(ErasureFill::Pixel).fill(100_000, &network, &mut rng);
        let values: Vec<f64> = pixels
            .chunks_exact(CHANNELS)
            .map(|pixel| f64::from(f32::from(pixel[0]) * multiplier + offset))
            .collect();
        let mean = values.iter().sum::<f64>() / 1e5;
        let variance = values.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / 1e5;
        // Clipping to bytes (at two standard deviations here) takes 8 % of the variance.
        assert!(mean.abs() < 0.03, "{mean}");
        assert!((variance - 0.92).abs() < 0.03, "{variance}");
        let one = erasing(ErasureFill::Rand).fill(50, &network, &mut rng);
        assert!(one.chunks_exact(CHANNELS).all(|pixel| pixel == &one[..3]));
    }

    #[test]
    fn only_the_rectangle_changes() {
        let image = Image::filled([3, 3], [1; 3]);
        let erasure = Erasure {
            top: 1,
            left: 1,
            height: 2,
            width: 1,
            pixels: vec![7; 6],
        };
        let erased = RandomErasing::default().apply(image, &erasure);
        let changed: Vec<usize> = (0..9).filter(|&i| erased.colours()[i] == [7; 3]).collect();
        assert_eq!(changed, [4, 7]);
    }

    #[test]
    fn an_image_of_one_pixel_stays() {
        let erasure =
            RandomErasing::default().sample([1, 1], &network(), &mut image_rng(0, 0, 0, 0));
        let image = Image::filled([1, 1], [3; 3]);
        assert_eq!(
            RandomErasing::default().apply(image.clone(), &erasure),
            image
        );
    }
}
