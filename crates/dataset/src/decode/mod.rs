//! Decoding of image files to upright 8-bit RGB.

mod animation;
mod jpeg;

use std::error::Error;
use std::fs::File;
use std::io::{BufRead, BufReader, Seek};
use std::path::Path;

use image::{DynamicImage, ImageDecoder, ImageFormat, ImageReader, Limits};

pub use animation::is_animated;

use crate::DatasetError;
use crate::error::one_line;

/// Largest width and height decoded, in pixels.
const MAX_SIDE: u32 = 32_768;
/// Most memory that decoding one image may take, in bytes. Together with
/// [`MAX_SIDE`] it stops decompression bombs: small files of huge images.
const MAX_ALLOC: u64 = 1 << 30;

/// A decoded image: `height * width * 3` bytes, RGB, height-width-channel
/// order, rows from the top.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RgbPixels {
    /// Rows.
    pub height: usize,
    /// Columns.
    pub width: usize,
    /// `height * width * 3` values 0..=255.
    pub pixels: Vec<u8>,
}

/// Decodes an image file: [`decode`] of its contents.
///
/// # Errors
/// [`DatasetError::Io`] if the file cannot be opened, else those of [`decode`].
pub fn decode_file(path: &Path) -> Result<RgbPixels, DatasetError> {
    let file = File::open(path).map_err(DatasetError::io("read", path))?;
    decode(BufReader::new(file), path)
}

/// Decodes an encoded image (PNG, JPEG, BMP, GIF, WebP, TIFF, PNM; recognised
/// by its content): EXIF orientation applied, grey levels repeated in three
/// channels, 16 bits reduced to 8, transparency dropped without blending, CMYK
/// converted to RGB, the first frame of an animation (see [`is_animated`]) or
/// page of a TIFF file. Colour profiles are not applied. `name` is for
/// messages.
///
/// # Errors
/// [`DatasetError::Decode`] if it is no image, damaged or truncated, or over
/// 32 768 pixels a side or 1 GiB decoded.
pub fn decode(reader: impl BufRead + Seek, name: &Path) -> Result<RgbPixels, DatasetError> {
    let image = upright(reader).map_err(|reason| DatasetError::Decode {
        path: name.to_path_buf(),
        reason,
    })?;
    let rgb = image.into_rgb8();
    Ok(RgbPixels {
        height: rgb.height() as usize,
        width: rgb.width() as usize,
        pixels: rgb.into_raw(),
    })
}

/// The decoded image, turned as its EXIF data say; the error is the reason in
/// one line.
fn upright<R: BufRead + Seek>(mut reader: R) -> Result<DynamicImage, String> {
    if reader.fill_buf().map_err(reason)?.is_empty() {
        return Err("the file is empty".to_owned());
    }
    let mut limits = Limits::default();
    limits.max_image_width = Some(MAX_SIDE);
    limits.max_image_height = Some(MAX_SIDE);
    limits.max_alloc = Some(MAX_ALLOC);

    let reader = ImageReader::new(reader)
        .with_guessed_format()
        .map_err(reason)?;
    let format = reader.format().ok_or("unknown image format")?;
    let mut reader = reader.into_inner();
    if format == ImageFormat::Jpeg {
        if !jpeg::is_complete(&mut reader).map_err(reason)? {
            return Err("truncated: the file ends before the picture does".to_owned());
        }
        reader.rewind().map_err(reason)?;
    }
    let mut reader = ImageReader::with_format(reader, format);
    reader.limits(limits.clone());
    let mut decoder = reader.into_decoder().map_err(reason)?;
    // `ImageReader::decode` reserves the output itself, but would lose the
    // orientation, which only the decoder knows.
    limits.reserve(decoder.total_bytes()).map_err(reason)?;
    decoder.set_limits(limits).map_err(reason)?;
    let orientation = decoder.orientation().map_err(reason)?;
    let mut image = DynamicImage::from_decoder(decoder).map_err(reason)?;
    image.apply_orientation(orientation);
    Ok(image)
}

fn reason(error: impl Error) -> String {
    one_line(&error)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use image::codecs::jpeg::JpegEncoder;
    use image::{ExtendedColorType, ImageBuffer, Luma, Rgb, RgbImage, Rgba};
    use tempfile::tempdir;

    use super::*;

    /// Bytes under a name, decoded.
    fn decoded(name: &str, bytes: &[u8]) -> Result<RgbPixels, DatasetError> {
        let folder = tempdir().unwrap();
        let path = folder.path().join(name);
        fs::write(&path, bytes).unwrap();
        decode_file(&path)
    }

    /// A 32x16 JPEG, left half red and right half blue, with an EXIF orientation.
    fn jpeg(orientation: u8) -> Vec<u8> {
        let image = RgbImage::from_fn(32, 16, |x, _| {
            Rgb(if x < 16 { [255, 0, 0] } else { [0, 0, 255] })
        });
        let mut bytes = Vec::new();
        JpegEncoder::new_with_quality(&mut bytes, 100)
            .encode(&image, 32, 16, ExtendedColorType::Rgb8)
            .unwrap();
        // A TIFF directory with tag 0x0112 in an APP1 segment after SOI.
        let mut tiff = b"MM\0\x2a\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0".to_vec();
        tiff.extend([orientation, 0, 0, 0, 0, 0, 0]);
        let mut segment = vec![0xff, 0xe1, 0, 2 + 6 + tiff.len() as u8];
        segment.extend(b"Exif\0\0");
        segment.extend(tiff);
        bytes.splice(2..2, segment);
        bytes
    }

    #[test]
    fn turns_photos_upright() {
        // Where the red half ends up: EXIF 2.3, table 6 (orientation).
        for (orientation, size, red) in [
            (1, (16, 32), (8, 4)),
            (2, (16, 32), (8, 28)),
            (3, (16, 32), (8, 28)),
            (4, (16, 32), (8, 4)),
            (5, (32, 16), (4, 8)),
            (6, (32, 16), (4, 8)),
            (7, (32, 16), (28, 8)),
            (8, (32, 16), (28, 8)),
        ] {
            let image = decoded("photo.jpg", &jpeg(orientation)).unwrap();
            assert_eq!((image.height, image.width), size, "{orientation}");
            let pixel = &image.pixels[(red.0 * image.width + red.1) * 3..][..3];
            assert!(pixel[0] > 240 && pixel[2] < 15, "{orientation}: {pixel:?}");
        }
    }

    #[test]
    fn brings_every_colour_type_to_rgb() {
        let folder = tempdir().unwrap();
        let path = folder.path().join("image.png");
        let first = || decode_file(&path).unwrap().pixels[..3].to_vec();
        ImageBuffer::from_pixel(2, 3, Luma([7_u8]))
            .save(&path)
            .unwrap();
        assert_eq!(first(), [7, 7, 7]);
        ImageBuffer::from_pixel(2, 3, Rgba([1_u8, 2, 3, 0]))
            .save(&path)
            .unwrap();
        assert_eq!(first(), [1, 2, 3]);
        ImageBuffer::from_pixel(2, 3, Rgb([65_535_u16, 257, 0]))
            .save(&path)
            .unwrap();
        assert_eq!(first(), [255, 1, 0]);
    }

    #[test]
    fn goes_by_the_content_not_the_extension() {
        assert_eq!(decoded("really-a-jpeg.png", &jpeg(1)).unwrap().width, 32);
    }

    #[test]
    fn names_the_file_that_cannot_be_decoded() {
        let whole = jpeg(1);
        let without_end = &whole[..whole.len() - 2];
        for bytes in [&b""[..], b"no image", &whole[..120], without_end] {
            let error = decoded("broken.jpg", bytes).unwrap_err();
            let text = error.to_string();
            assert!(matches!(error, DatasetError::Decode { .. }), "{text}");
            assert!(
                text.contains("broken.jpg") && !text.contains('\n'),
                "{text}"
            );
        }
    }

    #[test]
    fn refuses_decompression_bombs() {
        // Headers of huge images, of a few bytes each: over the side limit, and
        // within it but over the memory limit.
        for (width, height) in [(40_000, 1), (30_000, 30_000)] {
            let header = format!("P6 {width} {height} 255\n");
            let error = decoded("bomb.ppm", header.as_bytes()).unwrap_err();
            assert!(error.to_string().contains("limit"), "{error}");
        }
    }
}
