//! From an image as it was handed over to pixels of the input size.

use std::io::Cursor;
use std::path::Path;

use image::DynamicImage;

use crate::InferError;
use crate::engine::Engine;
use crate::request::Image;

/// What messages call an image that has no file name.
const UNNAMED: &str = "image";

/// The image's pixels, uint8 RGB of exactly the input size.
pub(super) fn pixels(
    engine: &Engine,
    image: Image,
    max_pixels: u64,
) -> Result<Vec<u8>, InferError> {
    match image {
        Image::Pixels(pixels) => Ok(pixels),
        Image::Encoded(bytes) => {
            let rgb = dataset::decode_if(Cursor::new(bytes), Path::new(UNNAMED), |size| {
                check_pixels(size, max_pixels)
            })?;
            Ok(engine.fit(&rgb.pixels, [rgb.height, rgb.width]))
        }
        Image::Decoded(image) => decoded(engine, &image),
    }
}

/// A decoded image, converted and fitted.
pub(crate) fn decoded(engine: &Engine, image: &DynamicImage) -> Result<Vec<u8>, InferError> {
    // `image` can make an empty picture (0x0), which has nothing to fit.
    if image.width() == 0 || image.height() == 0 {
        engine.check_length(&[], false)?;
    }
    let rgb = image.to_rgb8();
    let size = [rgb.height() as usize, rgb.width() as usize];
    Ok(engine.fit(rgb.as_raw(), size))
}

/// Refuses an image by the size in its header, before memory is taken for it.
fn check_pixels([width, height]: [u32; 2], limit: u64) -> Result<(), InferError> {
    if u64::from(width) * u64::from(height) <= limit {
        return Ok(());
    }
    Err(InferError::TooManyPixels {
        width,
        height,
        limit,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_size_in_the_header_is_enough_to_refuse_an_image() {
        assert!(check_pixels([300, 200], 60_000).is_ok());
        let error = check_pixels([300, 200], 59_999).unwrap_err();
        assert_eq!(
            error.to_string(),
            "the image has 300x200 pixels, more than 59999 in all"
        );
        assert!(check_pixels([u32::MAX, u32::MAX], 0).is_err());
    }
}
