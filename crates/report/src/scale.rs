//! Images brought to the size that they are shown at.

use image::{RgbImage, imageops};

/// `image` with its longer side at `side` pixels, the aspect ratio kept: a
/// larger one is averaged, a smaller one grows by whole pixels, so that each can
/// be seen, as far as `side` allows. An empty image stays as it is.
pub(crate) fn to_side(image: &RgbImage, side: u32) -> RgbImage {
    let (width, height) = image.dimensions();
    let longer = width.max(height);
    if longer == 0 {
        return image.clone();
    }
    if longer > side {
        let shrunk = |length: u32| (length * side / longer).max(1);
        imageops::thumbnail(image, shrunk(width), shrunk(height))
    } else {
        let times = side / longer;
        let filter = imageops::FilterType::Nearest;
        imageops::resize(image, width * times, height * times, filter)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_images_grow_by_whole_pixels_and_large_ones_shrink() {
        for (from, to) in [
            ((32, 32), (160, 160)),
            ((28, 14), (140, 70)),
            ((160, 10), (160, 10)),
            ((400, 200), (160, 80)),
            ((5000, 1), (160, 1)),
            ((0, 0), (0, 0)),
        ] {
            let image = RgbImage::new(from.0, from.1);
            assert_eq!(to_side(&image, 160).dimensions(), to);
        }
    }
}
