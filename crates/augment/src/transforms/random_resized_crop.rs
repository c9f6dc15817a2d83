//! A random part of the image at the network's size.

use contract::preprocess::{PillowFilter, Rectangle, resize_pillow};
use contract::{Preprocessing, Resize as Kernel};
use rand::Rng;
use serde::{Deserialize, Serialize};

use super::resize::{Target, resize};
use crate::error::OutOfRange;
use crate::image::CHANNELS;
use crate::imaging::resize_bilinear;
use crate::random::{log_uniform, uniform, up_to};
use crate::range::{check, ordered};
use crate::{Image, RandomTransform};

/// Cuts out a part of random area, aspect ratio and place, and resizes it to
/// the network's size: torchvision's `RandomResizedCrop` (the "Inception"
/// crop). Where the network's kernel is Pillow's, the resize is torchvision's of PIL
/// images too, antialiased; else it is OpenCV's, which is not.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RandomResizedCrop {
    /// How often, 0 to 1; default 1. An image that is not cropped keeps its size.
    pub probability: f64,
    /// Smallest and largest share of the image's area, above 0 to 1; default
    /// 0.08 to 1.
    pub scale: [f64; 2],
    /// Smallest and largest width / height, 0.01 to 100; default 3/4 to 4/3.
    pub ratio: [f64; 2],
    /// `bicubic` (default) or `bilinear`.
    pub interpolation: CropInterpolation,
}

/// How a crop is resized.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CropInterpolation {
    /// The network's kernel.
    #[default]
    Bicubic,
    /// Its library's bilinear one: Pillow's, torchvision's default, or
    /// `cv2.INTER_LINEAR`, albumentations' default.
    Bilinear,
}

impl Default for RandomResizedCrop {
    fn default() -> Self {
        Self {
            probability: 1.0,
            scale: [0.08, 1.0],
            ratio: [3.0 / 4.0, 4.0 / 3.0],
            interpolation: CropInterpolation::default(),
        }
    }
}

/// A part of the image and the size that it gets, in pixels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Crop {
    /// First row.
    pub top: usize,
    /// First column.
    pub left: usize,
    /// Rows, 1 or more.
    pub height: usize,
    /// Columns, 1 or more.
    pub width: usize,
    /// What the part becomes.
    pub to: Target,
}

/// Draws that torchvision makes before it takes the centre.
const ATTEMPTS: usize = 10;

impl RandomTransform for RandomResizedCrop {
    const KIND: &'static str = "random_resized_crop";
    type Parameters = Crop;

    fn probability(&self) -> f64 {
        self.probability
    }

    fn validate(&self) -> Result<(), OutOfRange> {
        let scale_holds = ordered(self.scale, 0.0..=1.0) && self.scale[0] > 0.0;
        check(
            scale_holds,
            "scale",
            self.scale,
            "a smaller and a larger share above 0 to 1",
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
        [height, width]: [usize; 2],
        network: &Preprocessing,
        rng: &mut impl Rng,
    ) -> Crop {
        let area = (height * width) as f64;
        let crop = |top, left, height, width| Crop {
            top,
            left,
            height,
            width,
            to: Target::of(network),
        };
        for _ in 0..ATTEMPTS {
            let target = area * uniform(self.scale, rng);
            let ratio = log_uniform(self.ratio, rng);
            let [w, h] =
                [target * ratio, target / ratio].map(|square| round_half_even(square.sqrt()));
            if (1..=height).contains(&h) && (1..=width).contains(&w) {
                let (top, left) = (up_to(height - h, rng), up_to(width - w, rng));
                return crop(top, left, h, w);
            }
        }
        let [h, w] = self.largest([height, width]);
        crop((height - h) / 2, (width - w) / 2, h, w)
    }

    fn apply(&self, image: Image, crop: &Crop) -> Image {
        match (crop.to.kernel, self.interpolation) {
            (Kernel::PillowBicubic, CropInterpolation::Bicubic) => {
                crop.by_pillow(&image, PillowFilter::Bicubic)
            }
            (Kernel::PillowBicubic, CropInterpolation::Bilinear) => {
                crop.by_pillow(&image, PillowFilter::Bilinear)
            }
            (Kernel::OpencvCubic, CropInterpolation::Bicubic) => resize(crop.cut(&image), &crop.to),
            (Kernel::OpencvCubic, CropInterpolation::Bilinear) => {
                resize_bilinear(&crop.cut(&image), crop.to.size)
            }
        }
    }
}

impl Crop {
    /// The part at its size in the image.
    fn cut(&self, image: &Image) -> Image {
        let columns = self.left * CHANNELS..(self.left + self.width) * CHANNELS;
        let mut pixels = Vec::with_capacity(self.height * columns.len());
        for row in image.rows().skip(self.top).take(self.height) {
            pixels.extend_from_slice(&row[columns.clone()]);
        }
        Image::new([self.height, self.width], pixels)
    }

    /// The part as torchvision's `resized_crop` of a PIL image gives it: nothing
    /// around it counts. Large photos are not copied.
    fn by_pillow(&self, image: &Image, filter: PillowFilter) -> Image {
        let part = Rectangle {
            top: self.top,
            left: self.left,
            height: self.height,
            width: self.width,
        };
        let size = self.to.size;
        let pixels = resize_pillow(&image.pixels, image.size(), part, size, filter);
        Image::new(size, pixels)
    }
}

impl RandomResizedCrop {
    /// Height and width of the largest part with a ratio in the range:
    /// what is taken when no draw fits.
    fn largest(&self, [height, width]: [usize; 2]) -> [usize; 2] {
        let image_ratio = width as f64 / height as f64;
        let [narrowest, widest] = self.ratio;
        let limit = |side: f64, longest: usize| round_half_even(side).clamp(1, longest);
        if image_ratio < narrowest {
            [limit(width as f64 / narrowest, height), width]
        } else if image_ratio > widest {
            [height, limit(height as f64 * widest, width)]
        } else {
            [height, width]
        }
    }
}

/// Python's `int(round(value))` of a value that is not negative.
pub(super) fn round_half_even(value: f64) -> usize {
    value.round_ties_even() as usize
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::image_rng;
    use crate::testing::network;

    fn crops(crop: &RandomResizedCrop, size: [usize; 2], count: usize) -> Vec<Crop> {
        let mut rng = image_rng(0, 0, 0, 0);
        let sample = |_| crop.sample(size, &network(), &mut rng);
        (0..count).map(sample).collect()
    }

    #[test]
    fn area_and_ratio_are_distributed_as_drawn() {
        // A large image, so that rounding to pixels does not matter, and areas that
        // always fit, so that no draw is refused.
        let crop = RandomResizedCrop {
            scale: [0.1, 0.5],
            ..RandomResizedCrop::default()
        };
        let crops = crops(&crop, [4000, 4000], 20_000);
        let mean = |value: &dyn Fn(&Crop) -> f64| {
            crops.iter().map(value).sum::<f64>() / crops.len() as f64
        };
        let area = |c: &Crop| (c.height * c.width) as f64 / 16e6;
        let log_ratio = |c: &Crop| (c.width as f64 / c.height as f64).ln();
        // Uniform in [0.1, 0.5]: mean 0.3, standard deviation 0.4 / sqrt(12); the
        // bounds are six standard errors.
        assert!((mean(&area) - 0.3).abs() < 6.0 * 0.1155 / 20_000_f64.sqrt());
        assert!((mean(&|c| (area(c) - 0.3).powi(2)) - 0.16 / 12.0).abs() < 0.001);
        let spread = 2.0 * (4.0_f64 / 3.0).ln();
        assert!(mean(&log_ratio).abs() < 6.0 * spread / 12_f64.sqrt() / 20_000_f64.sqrt());
        assert!((mean(&|c| log_ratio(c).powi(2)) - spread * spread / 12.0).abs() < 0.002);
        // The place is uniform in what is left.
        let place = |c: &Crop| c.top as f64 / (4000 - c.height) as f64;
        assert!((mean(&place) - 0.5).abs() < 6.0 * 0.289 / 20_000_f64.sqrt());
    }

    #[test]
    fn crops_stay_inside_and_small_images_work() {
        for size in [[1, 1], [1, 40], [40, 1], [7, 30]] {
            for crop in crops(&RandomResizedCrop::default(), size, 500) {
                assert!(crop.height >= 1 && crop.top + crop.height <= size[0]);
                assert!(crop.width >= 1 && crop.left + crop.width <= size[1]);
            }
        }
    }

    #[test]
    fn an_image_that_no_draw_fits_gives_its_centre() {
        let whole = RandomResizedCrop {
            scale: [1.0, 1.0],
            ..RandomResizedCrop::default()
        };
        for crop in crops(&whole, [30, 300], 50) {
            let Crop {
                top,
                left,
                height,
                width,
                ..
            } = crop;
            assert_eq!([top, left, height, width], [0, 130, 30, 40]);
        }
    }

    #[test]
    fn cuts_what_the_parameters_say() {
        let image = Image::new([3, 3], (0..27).collect());
        let crop = Crop {
            top: 1,
            left: 2,
            height: 2,
            width: 1,
            to: Target {
                size: [2, 1],
                kernel: Kernel::OpencvCubic,
            },
        };
        let cut = RandomResizedCrop::default().apply(image.clone(), &crop);
        assert_eq!(cut.pixels, [15, 16, 17, 24, 25, 26]);
        let mut crop = crop;
        crop.to.kernel = Kernel::PillowBicubic;
        assert_eq!(RandomResizedCrop::default().apply(image, &crop), cut);
    }

    // The bytes themselves are compared with Pillow's in `contract`.
    #[test]
    fn the_antialiased_crop_is_a_cut_and_a_resize() {
        let image = Image::new([70, 60], (0..70 * 60 * 3).map(|i| (i * i) as u8).collect());
        for (interpolation, filter) in [
            (CropInterpolation::Bicubic, PillowFilter::Bicubic),
            (CropInterpolation::Bilinear, PillowFilter::Bilinear),
        ] {
            let transform = RandomResizedCrop {
                interpolation,
                ..RandomResizedCrop::default()
            };
            let crop = Crop {
                top: 9,
                left: 17,
                height: 50,
                width: 41,
                to: Target {
                    size: [8, 6],
                    kernel: Kernel::PillowBicubic,
                },
            };
            let cut = crop.cut(&image);
            let whole = Rectangle::whole(cut.size());
            let expected = resize_pillow(&cut.pixels, cut.size(), whole, [8, 6], filter);
            let found = transform.apply(image.clone(), &crop);
            assert_eq!(found.pixels, expected);
            // Four of five pixels count for nothing without antialiasing.
            let mut opencv = crop;
            opencv.to.kernel = Kernel::OpencvCubic;
            assert_ne!(transform.apply(image.clone(), &opencv), found);
        }
    }

    #[test]
    fn ranges_are_checked() {
        for (scale, ratio, key) in [
            ([0.0, 1.0], [1.0, 1.0], "scale"),
            ([0.5, 0.4], [1.0, 1.0], "scale"),
            ([0.5, 1.1], [1.0, 1.0], "scale"),
            ([0.5, 1.0], [0.0, 1.0], "ratio"),
            ([0.5, 1.0], [2.0, 1.0], "ratio"),
        ] {
            let crop = RandomResizedCrop {
                scale,
                ratio,
                ..RandomResizedCrop::default()
            };
            assert_eq!(crop.validate().unwrap_err().key, key);
        }
    }
}
