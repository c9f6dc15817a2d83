//! Decoding of image files to upright 8-bit RGB.

mod animation;
mod cost;
mod gif;
#[cfg(test)]
mod hostile;
mod jpeg;

use std::error::Error;
use std::io::{BufRead, BufReader, Read as _, Seek, SeekFrom};
use std::path::Path;

use contract::fs::open_regular;
use fetch::one_line;
use image::{ColorType, DynamicImage, ImageDecoder, ImageFormat, ImageReader, Limits};

pub use animation::is_animated;
pub use cost::MAX_DECODING_BYTES;

use crate::DatasetError;
use crate::folder::unread_format;
use cost::{Header, Structure};

/// Largest width and height decoded, in pixels.
const MAX_SIDE: u32 = 32_768;
/// Longest image file in bytes.
pub const MAX_FILE_BYTES: u64 = 256 << 20;

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
    let file = open_regular(path).map_err(DatasetError::io("read", path))?;
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
/// [`DatasetError::Decode`] if it is no image, damaged or truncated, has no pixels or
/// more than 32 768 a side, if the file is longer than [`MAX_FILE_BYTES`] or decoding
/// it would take more memory than [`MAX_DECODING_BYTES`]; that is known, and refused,
/// before the memory is taken.
pub fn decode(reader: impl BufRead + Seek, name: &Path) -> Result<RgbPixels, DatasetError> {
    decode_if(reader, name, |_| Ok(()))
}

/// As [`decode`], if `check` agrees with the size (columns and rows as they are stored),
/// which it is asked before memory is taken for the pixels.
///
/// # Errors
/// What `check` answers, else those of [`decode`].
pub fn decode_if<E: From<DatasetError>>(
    reader: impl BufRead + Seek,
    name: &Path,
    check: impl FnOnce([u32; 2]) -> Result<(), E>,
) -> Result<RgbPixels, E> {
    let failed = |reason| DatasetError::Decode {
        path: name.to_path_buf(),
        reason,
    };
    let (decoder, header) = open(reader).map_err(failed)?;
    check(header.size)?;
    let rgb = upright(decoder, &header).map_err(failed)?.into_rgb8();
    Ok(RgbPixels {
        height: rgb.height() as usize,
        width: rgb.width() as usize,
        pixels: rgb.into_raw(),
    })
}

/// The decoded image, turned as its EXIF data say; the error is the reason in
/// one line.
fn upright(mut decoder: impl ImageDecoder, header: &Header) -> Result<DynamicImage, String> {
    let peak = header.peak();
    if peak > MAX_DECODING_BYTES {
        return Err(format!(
            "decoding it would take {} MiB of memory, over the limit of {} MiB",
            peak.div_ceil(1 << 20),
            MAX_DECODING_BYTES >> 20
        ));
    }
    let mut limits = side_limits();
    limits.max_alloc = Some(header.allocations());
    decoder.set_limits(limits).map_err(reason)?;
    let mut image = DynamicImage::from_decoder(decoder).map_err(reason)?;
    image.apply_orientation(header.orientation);
    Ok(image)
}

/// Reads everything but the pixels.
fn open<'a, R: BufRead + Seek + 'a>(
    mut reader: R,
) -> Result<(impl ImageDecoder + 'a, Header), String> {
    let file = reader.seek(SeekFrom::End(0)).map_err(reason)?;
    reader.rewind().map_err(reason)?;
    match file {
        0 => return Err("the file is empty".to_owned()),
        1..=MAX_FILE_BYTES => {}
        _ => {
            return Err(format!(
                "the file has {} MiB, over the limit of {} MiB",
                file.div_ceil(1 << 20),
                MAX_FILE_BYTES >> 20
            ));
        }
    }
    let reader = ImageReader::new(reader)
        .with_guessed_format()
        .map_err(reason)?;
    let format = reader.format();
    let mut reader = reader.into_inner();
    // First: to the library, HEIC is a kind of AVIF.
    let format = match (not_read(&mut reader)?, format) {
        (Some(said), _) => return Err(said),
        (None, Some(format)) => format,
        (None, None) => return Err("unknown image format".to_owned()),
    };
    let structure = structure(format, &mut reader)?;
    reader.rewind().map_err(reason)?;

    let mut reader = ImageReader::with_format(reader, format);
    reader.limits(png_limits());
    let mut decoder = reader.into_decoder().map_err(reason)?;
    let (width, height) = decoder.dimensions();
    if width == 0 || height == 0 {
        return Err(format!("the picture has no pixels ({width}x{height})"));
    }
    side_limits()
        .check_dimensions(width, height)
        .map_err(reason)?;
    let orientation = decoder.orientation().map_err(reason)?;
    let header = Header {
        structure,
        file,
        size: [width, height],
        pixel_bytes: decoder.color_type().bytes_per_pixel().into(),
        stored_pixel_bytes: u64::from(decoder.original_color_type().bits_per_pixel()).div_ceil(8),
        is_rgb8: decoder.color_type() == ColorType::Rgb8,
        orientation,
    };
    Ok((decoder, header))
}

/// Says what a file is that is known to be no picture that is read, by its first bytes.
fn not_read(reader: &mut (impl BufRead + Seek)) -> Result<Option<String>, String> {
    let mut head = Vec::with_capacity(32);
    reader.rewind().map_err(reason)?;
    reader.take(32).read_to_end(&mut head).map_err(reason)?;
    reader.rewind().map_err(reason)?;
    let lower = head.to_ascii_lowercase();
    Ok(match unread_format(&head) {
        Some(name) => Some(format!(
            "{name} is a format that is not read; convert it to JPEG or PNG"
        )),
        None if lower.starts_with(b"<!doctype html") || lower.starts_with(b"<html") => {
            Some("it is a web page, perhaps of a download that failed".to_owned())
        }
        None => None,
    })
}

/// What the blocks of a file say; the reader is somewhere in it afterwards.
fn structure(format: ImageFormat, reader: &mut (impl BufRead + Seek)) -> Result<Structure, String> {
    Ok(match format {
        ImageFormat::Jpeg => match jpeg::Outline::read(reader).map_err(reason)? {
            Some(outline) => Structure::Jpeg(outline),
            None => return Err("truncated: the file ends before the picture does".to_owned()),
        },
        ImageFormat::Gif => Structure::Gif(gif::Outline::read(reader).map_err(reason)?),
        ImageFormat::WebP => {
            // `RIFF`, length, `WEBP`, `VP8X`, length, flags.
            let mut head = [0; 21];
            let is_extended = reader.read_exact(&mut head).is_ok() && head[12..16] == *b"VP8X";
            Structure::WebP {
                animated: is_extended && head[20] & 2 != 0,
            }
        }
        other => Structure::Other(other),
    })
}

fn side_limits() -> Limits {
    let mut limits = Limits::no_limits();
    limits.max_image_width = Some(MAX_SIDE);
    limits.max_image_height = Some(MAX_SIDE);
    limits
}

/// What a PNG file's header may take; no other decoder goes by limits there.
fn png_limits() -> Limits {
    let mut limits = side_limits();
    limits.max_alloc = Some(cost::PNG_METADATA_BYTES);
    limits
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
    fn names_the_format_that_is_not_read() {
        for (bytes, said) in [
            (
                &b"\0\0\0\x18ftypheic\0\0\0\0mif1heic"[..],
                "HEIC is a format that is not read",
            ),
            (
                b"\0\0\0\x1cftypavif\0\0\0\0",
                "AVIF is a format that is not read",
            ),
            (b"<!DOCTYPE html><html>404", "a web page"),
        ] {
            let text = decoded("photo.jpg", bytes).unwrap_err().to_string();
            assert!(text.contains(said), "{text}");
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
