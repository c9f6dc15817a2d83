//! Whether an image file holds an animation.

use std::error::Error;
use std::io::{BufRead, Seek};

use image::codecs::png::PngDecoder;
use image::codecs::webp::WebPDecoder;
use image::{ImageFormat, ImageReader};

use super::{gif, png_limits};

/// Whether an image file (GIF, PNG, WebP) has more than one frame, of which
/// [`decode`](crate::decode) gives the first. `false` for files that cannot be
/// read.
pub fn is_animated(reader: impl BufRead + Seek) -> bool {
    let Ok(reader) = ImageReader::new(reader).with_guessed_format() else {
        return false;
    };
    let format = reader.format();
    let answer = || -> Result<bool, Box<dyn Error>> {
        let mut reader = reader.into_inner();
        Ok(match format {
            Some(ImageFormat::Gif) => gif::Outline::read(&mut reader)?.animated,
            Some(ImageFormat::Png) => PngDecoder::with_limits(reader, png_limits())?.is_apng()?,
            Some(ImageFormat::WebP) => WebPDecoder::new(reader)?.has_animation(),
            _ => false,
        })
    };
    answer().unwrap_or(false)
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use image::codecs::gif::GifEncoder;
    use image::{Frame, RgbaImage};

    use super::*;

    #[test]
    fn two_frames_make_an_animation() {
        for (frames, animated) in [(1, false), (2, true)] {
            let mut bytes = Vec::new();
            let mut encoder = GifEncoder::new(&mut bytes);
            for _ in 0..frames {
                encoder
                    .encode_frame(Frame::new(RgbaImage::new(4, 4)))
                    .unwrap();
            }
            drop(encoder);
            assert_eq!(is_animated(Cursor::new(bytes)), animated);
        }
        assert!(!is_animated(Cursor::new(b"no image")));
    }
}
