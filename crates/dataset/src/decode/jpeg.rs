//! What a JPEG file holds, and whether it is whole.
//!
//! The decoder fills what is missing at the end of a JPEG file with grey and
//! reports no error (Pillow and libjpeg-turbo's `djpeg` do report one), so a
//! half picture would be classified as if it were whole.

use std::io::{self, BufRead};

/// Marker codes, the byte after 0xff (ITU-T T.81, table B.1).
mod marker {
    pub const TEM: u8 = 0x01;
    pub const SOF0: u8 = 0xc0;
    pub const SOF1: u8 = 0xc1;
    pub const SOF2: u8 = 0xc2;
    pub const RST0: u8 = 0xd0;
    pub const RST7: u8 = 0xd7;
    pub const SOI: u8 = 0xd8;
    pub const EOI: u8 = 0xd9;
    pub const SOS: u8 = 0xda;
}

/// A JPEG file from the outside.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Outline {
    /// Components: 1 for grey, 3 for colours, 4 for CMYK.
    pub components: u8,
    /// Whether the one scan has all of every row; else all coefficients are to be
    /// held until the last scan (a progressive picture, or one scan a component).
    pub by_rows: bool,
}

impl Outline {
    /// Follows the markers from the start to the end-of-image marker; `None` if
    /// the file ends before it. Whatever comes after that marker (padding, a
    /// second picture) is not looked at.
    ///
    /// # Errors
    /// Those of the reader, but for its end.
    pub fn read(reader: &mut impl BufRead) -> io::Result<Option<Self>> {
        // Until the header says something better.
        let mut outline = Self {
            components: 4,
            by_rows: false,
        };
        let mut scans = 0;
        loop {
            let Some(code) = next_marker(reader)? else {
                return Ok(None);
            };
            // How much of the segment is of interest.
            let length = match code {
                marker::EOI => return Ok(Some(outline)),
                marker::TEM | marker::SOI | marker::RST0..=marker::RST7 => continue,
                // Precision, height, width, components.
                marker::SOF0 | marker::SOF1 | marker::SOF2 => 6,
                // Components of the scan.
                marker::SOS => 1,
                _ => 0,
            };
            let mut head = [0; 6];
            if !read_segment(reader, &mut head[..length])? {
                return Ok(None);
            }
            match code {
                marker::SOF0 | marker::SOF1 | marker::SOF2 => {
                    outline.components = head[5].min(4);
                    outline.by_rows = code != marker::SOF2;
                }
                marker::SOS => {
                    scans += 1;
                    outline.by_rows &= scans == 1 && head[0] == outline.components;
                }
                _ => {}
            }
        }
    }
}

/// The code of the next marker. Compressed data before it are skipped: there
/// 0xff is followed by 0, and any number of 0xff may precede a marker's code.
fn next_marker(reader: &mut impl BufRead) -> io::Result<Option<u8>> {
    loop {
        reader.skip_until(0xff)?;
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

/// Reads a segment's first bytes and skips its others by its length, which counts
/// its own two bytes; `false` if the file ends before it. What a short segment has
/// not stays 0.
fn read_segment(reader: &mut impl BufRead, head: &mut [u8]) -> io::Result<bool> {
    let (Some(high), Some(low)) = (read_byte(reader)?, read_byte(reader)?) else {
        return Ok(false);
    };
    let mut length = u64::from(u16::from_be_bytes([high, low]).saturating_sub(2));
    for byte in head {
        if length == 0 {
            break;
        }
        let Some(read) = read_byte(reader)? else {
            return Ok(false);
        };
        *byte = read;
        length -= 1;
    }
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

    fn is_complete(mut bytes: &[u8]) -> bool {
        Outline::read(&mut bytes).unwrap().is_some()
    }

    #[test]
    fn a_scan_of_all_components_is_decoded_by_rows() {
        let mut bytes = jpeg();
        let outline = |bytes: &[u8]| Outline::read(&mut &bytes[..]).unwrap().unwrap();
        let expected = |components, by_rows| Outline {
            components,
            by_rows,
        };
        assert_eq!(outline(&bytes), expected(3, true));
        let position = |bytes: &[u8], code| bytes.windows(2).position(|w| w == [0xff, code]);
        let scan = position(&bytes, marker::SOS).unwrap();
        bytes[scan + 4] = 1;
        assert_eq!(outline(&bytes), expected(3, false));
        bytes[scan + 4] = 3;
        let frame = position(&bytes, marker::SOF0).unwrap();
        bytes[frame + 1] = marker::SOF2;
        assert_eq!(outline(&bytes), expected(3, false));
    }

    #[test]
    fn only_the_whole_file_is_complete() {
        let whole = jpeg();
        assert!(is_complete(&whole[..]));
        for length in 0..whole.len() {
            assert!(
                !is_complete(&whole[..length]),
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
        assert!(is_complete(&bytes[..]));
        bytes.truncate(bytes.len() - 2);
        assert!(!is_complete(&bytes[..]));
    }

    #[test]
    fn fill_bytes_and_what_follows_the_end_are_allowed() {
        let mut bytes = jpeg();
        bytes.splice(bytes.len() - 2..bytes.len() - 2, [0xff; 3]);
        bytes.extend(b"padding");
        assert!(is_complete(&bytes[..]));
    }
}
