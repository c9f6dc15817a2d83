//! Whether an image file holds an animation.

use std::io::{BufRead, Seek};

use image::codecs::gif::GifDecoder;
use image::codecs::png::PngDecoder;
use image::codecs::webp::WebPDecoder;
use image::{AnimationDecoder as _, ImageFormat, ImageReader, ImageResult};

/// Whether an image file (GIF, PNG, WebP) has more than one frame, of which
/// [`decode`](crate::decode) gives the first. `false` for files that cannot be
/// read.
pub fn is_animated(reader: impl BufRead + Seek) -> bool {
    let Ok(reader) = ImageReader::new(reader).with_guessed_format() else {
        return false;
    };
    let format = reader.format();
    let answer = || -> ImageResult<bool> {
        let reader = reader.into_inner();
        Ok(match format {
            Some(ImageFormat::Gif) => {
                let mut frames = GifDecoder::new(reader)?.into_frames();
                frames.nth(1).is_some_and(|frame| frame.is_ok())
            }
            Some(ImageFormat::Png) => PngDecoder::new(reader)?.is_apng()?,
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
