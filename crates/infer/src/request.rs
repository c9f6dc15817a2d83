//! What is asked of a classifier's queue: one image, and until when.

use std::time::{Duration, Instant};

use image::DynamicImage;

/// One image to classify, with an optional deadline, for
/// [`Classifier::classify`](crate::Classifier::classify) and
/// [`Classifier::classify_async`](crate::Classifier::classify_async).
///
/// ```
/// use std::time::Duration;
/// use infer::Request;
///
/// let of_an_upload = Request::encoded(std::fs::read("tests/fixtures/awkward/plain.jpg")?)
///     .timeout(Duration::from_millis(200));
/// let of_raw_pixels = Request::pixels(vec![0; 8 * 8 * 3]);
/// let of_a_picture = Request::from(image::DynamicImage::new_rgb8(640, 480));
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Debug, Clone)]
#[must_use = "a request does nothing until it is classified"]
pub struct Request {
    pub(crate) image: Image,
    pub(crate) deadline: Option<Instant>,
}

/// The forms in which an image comes.
#[derive(Debug, Clone)]
pub(crate) enum Image {
    Pixels(Vec<u8>),
    Encoded(Vec<u8>),
    Decoded(DynamicImage),
}

impl Request {
    /// An image of exactly the input size: uint8 RGB, `[height, width, 3]`,
    /// row by row.
    pub fn pixels(pixels: Vec<u8>) -> Self {
        Self::new(Image::Pixels(pixels))
    }

    /// The contents of an image file (PNG, JPEG, BMP, GIF, WebP, TIFF, PNM) of
    /// any size. It is decoded as training does, turned upright by its EXIF
    /// data and brought to the input size, on a thread of the classifier.
    pub fn encoded(bytes: impl Into<Vec<u8>>) -> Self {
        Self::new(Image::Encoded(bytes.into()))
    }

    /// A decoded image of any size and colour type, which is converted to RGB
    /// and brought to the input size on a thread of the classifier. Turn it
    /// upright first if its EXIF data say so.
    pub fn image(image: DynamicImage) -> Self {
        Self::new(Image::Decoded(image))
    }

    /// The answer is worth nothing after `deadline`. If the request's turn has
    /// not come by then it is not run, and is answered with
    /// [`InferError::DeadlineExceeded`](crate::InferError::DeadlineExceeded).
    pub fn deadline(mut self, deadline: Instant) -> Self {
        self.deadline = Some(deadline);
        self
    }

    /// A [`deadline`](Self::deadline) that is `timeout` from now.
    pub fn timeout(self, timeout: Duration) -> Self {
        match Instant::now().checked_add(timeout) {
            Some(deadline) => self.deadline(deadline),
            // Further away than the clock counts.
            None => self,
        }
    }

    fn new(image: Image) -> Self {
        Self {
            image,
            deadline: None,
        }
    }
}

impl From<DynamicImage> for Request {
    fn from(image: DynamicImage) -> Self {
        Self::image(image)
    }
}
