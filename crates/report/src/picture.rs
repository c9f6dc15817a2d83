//! A picture of the data set and what the model says about it.

use std::io::Cursor;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use image::{ImageFormat, RgbImage};

use crate::scale;

/// Longest side of a thumbnail in pixels.
const THUMBNAIL: u32 = 96;

/// A picture with its true and its predicted class.
#[derive(Clone, Debug)]
pub struct Picture {
    /// The pixels at any size.
    pub pixels: RgbImage,
    /// File or record, as the data set describes it.
    pub name: String,
    /// Name of the true class.
    pub label: String,
    /// Name of the predicted class.
    pub predicted: String,
    /// Probability of the predicted class, in `[0, 1]`.
    pub confidence: f64,
}

impl Picture {
    /// Whether the prediction is the label.
    pub fn is_correct(&self) -> bool {
        self.label == self.predicted
    }

    /// The picture as a `data:` address of a PNG, at most 96 pixels a side.
    pub(crate) fn data_uri(&self) -> Result<String, image::ImageError> {
        data_uri(&self.pixels)
    }
}

/// A picture as a `data:` address of a PNG, at most 96 pixels a side.
pub(crate) fn data_uri(pixels: &RgbImage) -> Result<String, image::ImageError> {
    let mut png = Vec::new();
    let small;
    let pixels = if pixels.width().max(pixels.height()) > THUMBNAIL {
        small = scale::to_side(pixels, THUMBNAIL);
        &small
    } else {
        pixels
    };
    pixels.write_to(&mut Cursor::new(&mut png), ImageFormat::Png)?;
    Ok(format!("data:image/png;base64,{}", STANDARD.encode(png)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn picture(width: u32, height: u32) -> Picture {
        Picture {
            pixels: RgbImage::new(width, height),
            name: "test #0".into(),
            label: "cat".into(),
            predicted: "dog".into(),
            confidence: 0.5,
        }
    }

    #[test]
    fn a_thumbnail_is_a_png_of_bounded_size() {
        for (size, expected) in [((300, 150), (96, 48)), ((32, 32), (32, 32))] {
            let uri = picture(size.0, size.1).data_uri().unwrap();
            let png = STANDARD
                .decode(uri.strip_prefix("data:image/png;base64,").unwrap())
                .unwrap();
            let read = image::load_from_memory(&png).unwrap();
            assert_eq!((read.width(), read.height()), expected);
        }
    }
}
