//! Whether a JPEG file is whole.
//!
//! The decoder fills what is missing at the end of a JPEG file with grey and
//! reports no error (Pillow and libjpeg-turbo's `djpeg` do report one), so a
//! half picture would be classified as if it were whole.

use std::io::{self, BufRead};

/// Marker codes, the byte after 0xff (ITU-T T.81, table B.1).
mod marker {
    pub const TEM: u8 = 0x01;
    pub const RST0: u8 = 0xd0;
    pub const RST7: u8 = 0xd7;
    pub const SOI: u8 = 0xd8;
    pub const EOI: u8 = 0xd9;
}

/// Follows the markers from the start to the end-of-image marker; `false` if
/// the file ends before it. Whatever comes after that marker (padding, a
/// second picture) is not looked at.
///
/// # Errors
/// Those of the reader, but for its end.
pub(super) fn is_complete(reader: &mut impl BufRead) -> io::Result<bool> {
    loop {
        let Some(code) = next_marker(reader)? else {
            return Ok(false);
        };
        match code {
            marker::EOI => return Ok(true),
            marker::TEM | marker::SOI | marker::RST0..=marker::RST7 => {}
            _ => {
                if !skip_segment(reader)? {
                    return Ok(false);
                }
            }
        }
    }
}

/// The code of the next marker. Compressed data before it are skipped: there
/// 0xff is followed by 0, and any number of 0xff may precede a marker's code.
fn next_marker(reader: &mut impl BufRead) -> io::Result<Option<u8>> {
    let mut skipped = Vec::new();
    loop {
        skipped.clear();
        reader.read_until(0xff, &mut skipped)?;
        loop {
            match read_byte(reader)? {
                None => return Ok(None),
                Some(0xff) => {}
                Some(0) => break,
                Some(code) => return Ok(Some(code)),
            }
        }
    }
}

/// Skips a segment by its length, which counts its own two bytes.
fn skip_segment(reader: &mut impl BufRead) -> io::Result<bool> {
    let (Some(high), Some(low)) = (read_byte(reader)?, read_byte(reader)?) else {
        return Ok(false);
    };
    let length = u64::from(u16::from_be_bytes([high, low]).saturating_sub(2));
    let skipped = io::copy(&mut io::Read::take(reader, length), &mut io::sink())?;
    Ok(skipped == length)
}

fn read_byte(reader: &mut impl BufRead) -> io::Result<Option<u8>> {
    let byte = reader.fill_buf()?.first().copied();
    if byte.is_some() {
        reader.consume(1);
    }
    Ok(byte)
}

#[cfg(test)]
mod tests {
    use image::codecs::jpeg::JpegEncoder;
    use image::{ExtendedColorType, RgbImage};

    use super::*;

    /// A picture with enough detail for a scan of some kilobytes.
    fn jpeg() -> Vec<u8> {
        let noise = |x: u32, y: u32| image::Rgb([(x * 97 + y * 31) as u8, (x * y) as u8, x as u8]);
        let mut bytes = Vec::new();
        JpegEncoder::new_with_quality(&mut bytes, 95)
            .encode(
                &RgbImage::from_fn(64, 48, noise),
                64,
                48,
                ExtendedColorType::Rgb8,
            )
            .unwrap();
        bytes
    }

    #[test]
    fn only_the_whole_file_is_complete() {
        let whole = jpeg();
        assert!(is_complete(&mut &whole[..]).unwrap());
        for length in 0..whole.len() {
            assert!(
                !is_complete(&mut &whole[..length]).unwrap(),
                "{length} of {} bytes",
                whole.len()
            );
        }
    }

    #[test]
    fn a_thumbnail_with_an_end_of_its_own_does_not_count() {
        let mut bytes = jpeg();
        let thumbnail = [0xff, 0xe1, 0, 6, 0xff, 0xd8, 0xff, 0xd9];
        bytes.splice(2..2, thumbnail);
        assert!(is_complete(&mut &bytes[..]).unwrap());
        bytes.truncate(bytes.len() - 2);
        assert!(!is_complete(&mut &bytes[..]).unwrap());
    }

    #[test]
    fn fill_bytes_and_what_follows_the_end_are_allowed() {
        let mut bytes = jpeg();
        bytes.splice(bytes.len() - 2..bytes.len() - 2, [0xff; 3]);
        bytes.extend(b"padding");
        assert!(is_complete(&mut &bytes[..]).unwrap());
    }
}
