//! The image that transforms take and give.

/// An RGB image of bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Image {
    /// Rows, 1 or more.
    pub height: usize,
    /// Columns, 1 or more.
    pub width: usize,
    /// `[height, width, 3]` row by row, each pixel red, green, blue.
    pub pixels: Vec<u8>,
}

/// Values a pixel: red, green, blue.
pub(crate) const CHANNELS: usize = 3;

impl Image {
    /// An image of `[height, width]`.
    ///
    /// # Panics
    /// If a side is 0 or `pixels` is not height * width * 3 long.
    pub fn new([height, width]: [usize; 2], pixels: Vec<u8>) -> Self {
        assert!(height > 0 && width > 0, "an image of {height}x{width}");
        assert_eq!(
            pixels.len(),
            height * width * CHANNELS,
            "bytes of a {height}x{width} image"
        );
        Self {
            height,
            width,
            pixels,
        }
    }

    /// `[height, width]`.
    pub fn size(&self) -> [usize; 2] {
        [self.height, self.width]
    }

    /// An image of this size in one colour.
    pub(crate) fn filled([height, width]: [usize; 2], colour: [u8; CHANNELS]) -> Self {
        let pixels = match colour {
            [red, green, blue] if red == green && green == blue => {
                vec![red; height * width * CHANNELS]
            }
            _ => colour.repeat(height * width),
        };
        Self::new([height, width], pixels)
    }

    /// The rows, each `width * 3` bytes.
    pub(crate) fn rows(&self) -> impl DoubleEndedIterator<Item = &[u8]> {
        self.pixels.chunks_exact(self.width * CHANNELS)
    }

    /// The rows, to be changed.
    pub(crate) fn rows_mut(&mut self) -> impl Iterator<Item = &mut [u8]> {
        self.pixels.chunks_exact_mut(self.width * CHANNELS)
    }

    /// The pixels, each red, green, blue.
    pub(crate) fn colours(&self) -> &[[u8; CHANNELS]] {
        self.pixels.as_chunks().0
    }

    /// The pixels, to be changed.
    pub(crate) fn colours_mut(&mut self) -> &mut [[u8; CHANNELS]] {
        self.pixels.as_chunks_mut().0
    }
}
