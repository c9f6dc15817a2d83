//! Brightness of a pixel, as Pillow's `convert("L")` has it.

use crate::image::{CHANNELS, Image};

/// ITU-R 601-2 luma, rounded: `0.299 R + 0.587 G + 0.114 B`.
#[inline(always)]
pub(super) fn luma([red, green, blue]: [u8; CHANNELS]) -> u8 {
    let [red, green, blue] = [red, green, blue].map(u32::from);
    // Pillow's `L24` in `src/libImaging/Convert.c`: fixed point with 16 bits.
    ((red * 19_595 + green * 38_470 + blue * 7_471 + 0x8000) >> 16) as u8
}

/// Mean of the image's luma, rounded half up, as `ImageEnhance.Contrast` takes it.
pub(super) fn mean_luma(image: &Image) -> u8 {
    let sum: u64 = image
        .colours()
        .iter()
        .map(|&pixel| u64::from(luma(pixel)))
        .sum();
    let pixels = image.height * image.width;
    (sum as f64 / pixels as f64 + 0.5) as u8
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn grey_stays_and_green_is_brightest() {
        assert_eq!(luma([0; 3]), 0);
        assert_eq!(luma([255; 3]), 255);
        assert_eq!(luma([77; 3]), 77);
        assert_eq!(luma([255, 0, 0]), 76);
        assert_eq!(luma([0, 255, 0]), 150);
        assert_eq!(luma([0, 0, 255]), 29);
    }

    #[test]
    fn the_mean_is_rounded_half_up() {
        let image = Image::new([1, 2], vec![10, 10, 10, 11, 11, 11]);
        assert_eq!(mean_luma(&image), 11);
    }
}
