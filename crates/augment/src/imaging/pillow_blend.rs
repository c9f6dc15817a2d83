//! Pillow's `Image.blend`, and the changes made with it.

use multiversion::multiversion;

use super::luma::luma;
use crate::image::{CHANNELS, Image};

/// From `degenerate` (factor 0) through `original` (factor 1) and beyond: clipped
/// to bytes and cut, not rounded, as `src/libImaging/Blend.c` does.
#[inline(always)]
pub(super) fn blend(degenerate: u8, original: u8, factor: f32) -> u8 {
    let (from, to) = (f32::from(degenerate), f32::from(original));
    // A float's cast to a byte clips.
    (from + factor * (to - from)) as u8
}

/// Pillow's `ImageEnhance.Color`, torchvision's `adjust_saturation`: factor 0
/// gives a grey image, 1 the image.
pub(crate) fn adjust_saturation(image: &mut Image, factor: f64) {
    blend_with_luma(image.colours_mut(), factor as f32);
}

#[multiversion(targets("x86_64+avx2"))]
fn blend_with_luma(pixels: &mut [[u8; CHANNELS]], factor: f32) {
    for pixel in pixels {
        let grey = luma(*pixel);
        *pixel = pixel.map(|byte| blend(grey, byte, factor));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blends_are_cut_and_clipped() {
        assert_eq!(blend(10, 20, 0.0), 10);
        assert_eq!(blend(10, 20, 1.0), 20);
        assert_eq!(blend(10, 20, 0.99), 19);
        assert_eq!(blend(10, 20, 30.0), 255);
        assert_eq!(blend(20, 10, 30.0), 0);
    }

    #[test]
    fn saturation_0_is_grey_and_1_the_image() {
        let image = Image::new([1, 2], vec![255, 0, 0, 9, 80, 200]);
        let mut grey = image.clone();
        adjust_saturation(&mut grey, 0.0);
        assert_eq!(grey.pixels[..3], [76; 3]);
        let mut same = image.clone();
        adjust_saturation(&mut same, 1.0);
        assert_eq!(same, image);
    }
}
