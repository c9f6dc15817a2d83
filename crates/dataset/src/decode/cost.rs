//! How much memory decoding takes at most, known before it is taken.
//!
//! The sizes in a header are the file's own word, and the decoders bound what they
//! take each in its own way or not at all. So the sum is made here, from what each
//! decoder holds at the same time (`image` 0.25.10 and its codecs).

use image::ImageFormat;
use image::metadata::Orientation;

use super::{gif, jpeg};

/// Most memory that an image may take while it is decoded, in bytes: its file as far
/// as it is held, the decoder's buffers and the pixels.
pub const MAX_DECODING_BYTES: u64 = 1 << 30;

/// Most memory for a PNG file's colour profile and texts, which are compressed and
/// may unfold to anything.
pub(super) const PNG_METADATA_BYTES: u64 = 32 << 20;

/// JPEG pads pictures to whole blocks of at most this many pixels a side.
const JPEG_BLOCK: u64 = 32;

/// How a file's structure, beyond size and colours, decides what its decoder takes.
#[derive(Debug)]
pub(super) enum Structure {
    Jpeg(jpeg::Outline),
    Gif(gif::Outline),
    WebP { animated: bool },
    Other(ImageFormat),
}

/// What is known of an image before it is decoded.
#[derive(Debug)]
pub(super) struct Header {
    pub structure: Structure,
    /// Bytes of the file.
    pub file: u64,
    /// Columns and rows.
    pub size: [u32; 2],
    /// Bytes of a decoded pixel.
    pub pixel_bytes: u64,
    /// Bytes of a pixel as it is stored, uncompressed, if these are more.
    pub stored_pixel_bytes: u64,
    /// Whether decoding gives 8-bit RGB, with nothing to be converted.
    pub is_rgb8: bool,
    pub orientation: Orientation,
}

impl Header {
    /// Columns times rows.
    pub fn pixels(&self) -> u64 {
        u64::from(self.size[0]) * u64::from(self.size[1])
    }

    /// Bytes of the decoded image, before it is converted.
    pub fn output(&self) -> u64 {
        self.pixels().saturating_mul(self.pixel_bytes)
    }

    /// Most bytes held at the same time: while it is decoded, turned upright,
    /// converted to RGB.
    pub fn peak(&self) -> u64 {
        let output = self.output();
        let turning = match self.orientation {
            Orientation::NoTransforms => 0,
            _ => output,
        };
        let converting = if self.is_rgb8 { 0 } else { 3 * self.pixels() };
        let beside = self.decoder().max(turning).max(converting);
        output.saturating_add(beside)
    }

    /// Bytes that the decoder holds beside its output.
    fn decoder(&self) -> u64 {
        let [width, height] = self.size.map(u64::from);
        match &self.structure {
            // The whole file, in a buffer that grew by doubling, and its metadata
            // twice. All coefficients unless rows can be finished one by one.
            Structure::Jpeg(outline) => {
                let padded = [width, height].map(|side| side.next_multiple_of(JPEG_BLOCK));
                let coefficients = 2 * u64::from(outline.components) * padded[0] * padded[1];
                4 * self.file + if outline.by_rows { 0 } else { coefficients }
            }
            // The first frame in RGBA, before it is put on its canvas.
            Structure::Gif(outline) => {
                let [width, height] = outline.first_frame.unwrap_or_default().map(u64::from);
                4 * width * height
            }
            // Metadata; the planes of a frame, its transparency, a canvas.
            Structure::WebP { animated } => {
                let planes = if *animated { 16 } else { 8 };
                2 * self.file + planes * self.pixels()
            }
            // Everything as it is stored, then copied.
            Structure::Other(ImageFormat::Tiff) => {
                self.pixels() * self.pixel_bytes.max(self.stored_pixel_bytes)
            }
            // The same, in a buffer that grew by doubling.
            Structure::Other(ImageFormat::Pnm) => 2 * self.output(),
            Structure::Other(ImageFormat::Png) => 2 * PNG_METADATA_BYTES,
            Structure::Other(_) => 0,
        }
    }

    /// The limit of allocations to hand to the decoder, so that what
    /// [`decoder`](Self::decoder) does not know of stays within the whole bound too.
    pub fn allocations(&self) -> u64 {
        let left = MAX_DECODING_BYTES.saturating_sub(self.peak());
        match self.structure {
            Structure::Other(ImageFormat::Tiff) => self.decoder().saturating_add(left),
            _ => MAX_DECODING_BYTES,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header(structure: Structure, pixel_bytes: u64) -> Header {
        Header {
            structure,
            file: 1000,
            size: [64, 32],
            pixel_bytes,
            stored_pixel_bytes: 0,
            is_rgb8: pixel_bytes == 3,
            orientation: Orientation::NoTransforms,
        }
    }

    #[test]
    fn the_largest_of_decoding_turning_and_converting_counts() {
        let pixels = 64 * 32;
        let bmp = || header(Structure::Other(ImageFormat::Bmp), 3);
        assert_eq!(bmp().peak(), 3 * pixels);
        let turned = Header {
            orientation: Orientation::Rotate90,
            ..bmp()
        };
        assert_eq!(turned.peak(), 6 * pixels);
        let rgba = header(Structure::Other(ImageFormat::Bmp), 4);
        assert_eq!(rgba.peak(), 7 * pixels);
        let tiff = header(Structure::Other(ImageFormat::Tiff), 8);
        assert_eq!(tiff.peak(), 16 * pixels);
    }

    #[test]
    fn a_progressive_jpeg_costs_its_coefficients_too() {
        let jpeg = |by_rows| {
            let outline = jpeg::Outline {
                components: 3,
                by_rows,
            };
            header(Structure::Jpeg(outline), 3).peak()
        };
        assert_eq!(jpeg(false) - jpeg(true), 2 * 3 * 64 * 32);
    }
}
