//! The operations that RandAugment and TrivialAugment draw from.

use super::affine::{AffineParameters, inverse};
use crate::Image;
use crate::imaging::{self, Interpolation};

/// An operation of torchvision's `_apply_op` on PIL images, with its magnitude.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Operation {
    /// Nothing.
    Identity,
    /// Shift to the right per row, in columns.
    ShearX(f64),
    /// Shift down per column, in rows.
    ShearY(f64),
    /// Shift to the right in pixels, cut to a whole number.
    TranslateX(f64),
    /// Shift down in pixels, cut to a whole number.
    TranslateY(f64),
    /// Rotation counter-clockwise in degrees.
    Rotate(f64),
    /// Brightness, with 0 for the image and -1 for black.
    Brightness(f64),
    /// Saturation, with 0 for the image and -1 for grey.
    Color(f64),
    /// Contrast, with 0 for the image and -1 for its mean grey.
    Contrast(f64),
    /// Sharpness, with 0 for the image and -1 for a smooth one.
    Sharpness(f64),
    /// Bits kept of each byte, 1 to 8.
    Posterize(u8),
    /// Level from which on bytes are inverted, 0 to 255.
    Solarize(f64),
    /// Each channel stretched to all levels.
    AutoContrast,
    /// Each channel's levels made equally frequent.
    Equalize,
}

impl Operation {
    /// Changes `image`. `interpolation` is of what moves pixels, `fill` the
    /// colour of what is then uncovered.
    pub fn apply(self, mut image: Image, interpolation: Interpolation, fill: [u8; 3]) -> Image {
        // About the upper left corner, as torchvision's `_apply_op` has it.
        let affine = |image: &Image, translate: [f64; 2], shear: [f64; 2]| {
            let parameters = AffineParameters {
                angle: 0.0,
                translate,
                scale: 1.0,
                shear: shear.map(|slope| slope.atan().to_degrees()),
            };
            imaging::transform(image, inverse([0.0; 2], &parameters), interpolation, fill)
        };
        match self {
            Self::Identity => {}
            Self::ShearX(slope) => image = affine(&image, [0.0; 2], [slope, 0.0]),
            Self::ShearY(slope) => image = affine(&image, [0.0; 2], [0.0, slope]),
            Self::TranslateX(pixels) => image = affine(&image, [pixels.trunc(), 0.0], [0.0; 2]),
            Self::TranslateY(pixels) => image = affine(&image, [0.0, pixels.trunc()], [0.0; 2]),
            Self::Rotate(degrees) => image = imaging::rotate(&image, degrees, interpolation, fill),
            Self::Brightness(change) => imaging::adjust_brightness(&mut image, 1.0 + change),
            Self::Color(change) => imaging::adjust_saturation(&mut image, 1.0 + change),
            Self::Contrast(change) => imaging::adjust_contrast(&mut image, 1.0 + change),
            Self::Sharpness(change) => imaging::adjust_sharpness(&mut image, 1.0 + change),
            Self::Posterize(bits) => imaging::posterize(&mut image, bits),
            Self::Solarize(threshold) => imaging::solarize(&mut image, threshold),
            Self::AutoContrast => imaging::autocontrast(&mut image),
            Self::Equalize => imaging::equalize(&mut image),
        }
        image
    }
}
