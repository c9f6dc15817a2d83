//! Changes that look at one byte at a time: a table of 256 values does them.

use super::luma::mean_luma;
use super::pillow_blend::blend;
use crate::image::{CHANNELS, Image};

/// What a change makes of each byte.
pub(super) type Table = [u8; 256];

/// The table of `change`.
pub(super) fn table(change: impl Fn(u8) -> u8) -> Table {
    std::array::from_fn(|byte| change(byte as u8))
}

/// Looks every byte up, each channel in its own table.
pub(super) fn look_up_channels(image: &mut Image, tables: &[Table; CHANNELS]) {
    for pixel in image.colours_mut() {
        for (byte, table) in pixel.iter_mut().zip(tables) {
            *byte = table[usize::from(*byte)];
        }
    }
}

fn look_up(image: &mut Image, table: &Table) {
    for byte in &mut image.pixels {
        *byte = table[usize::from(*byte)];
    }
}

/// Pillow's `ImageEnhance.Brightness`, torchvision's `adjust_brightness`:
/// factor 0 gives black, 1 the image, 2 twice the brightness.
pub(crate) fn adjust_brightness(image: &mut Image, factor: f64) {
    look_up(image, &table(|byte| blend(0, byte, factor as f32)));
}

/// Pillow's `ImageEnhance.Contrast`, torchvision's `adjust_contrast`: factor 0
/// gives the image's mean grey, 1 the image.
pub(crate) fn adjust_contrast(image: &mut Image, factor: f64) {
    let grey = mean_luma(image);
    look_up(image, &table(|byte| blend(grey, byte, factor as f32)));
}

/// Pillow's `ImageOps.posterize`: keeps the `bits` (1 to 8) highest bits.
pub(crate) fn posterize(image: &mut Image, bits: u8) {
    let mask = !0_u8 << (8 - bits);
    for byte in &mut image.pixels {
        *byte &= mask;
    }
}

/// Pillow's `ImageOps.solarize`: inverts the bytes from `threshold` (0 to 255,
/// not only whole) on.
pub(crate) fn solarize(image: &mut Image, threshold: f64) {
    let invert = |byte| {
        if f64::from(byte) < threshold {
            byte
        } else {
            255 - byte
        }
    };
    look_up(image, &table(invert));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn changed(bytes: [u8; 6], change: impl Fn(&mut Image)) -> Vec<u8> {
        let mut image = Image::new([1, 2], bytes.to_vec());
        change(&mut image);
        image.pixels
    }

    const BYTES: [u8; 6] = [0, 1, 127, 128, 200, 255];

    #[test]
    fn brightness_scales_and_clips() {
        let bright = |factor| changed(BYTES, |image| adjust_brightness(image, factor));
        assert_eq!(bright(1.0), BYTES);
        assert_eq!(bright(0.0), [0; 6]);
        assert_eq!(bright(1.5), [0, 1, 190, 192, 255, 255]);
    }

    #[test]
    fn contrast_of_factor_0_is_grey() {
        let contrast = |factor| changed(BYTES, |image| adjust_contrast(image, factor));
        assert_eq!(contrast(1.0), BYTES);
        let grey = contrast(0.0);
        assert!(grey.iter().all(|&byte| byte == grey[0]));
    }

    #[test]
    fn posterize_keeps_high_bits() {
        let kept = |bits| changed(BYTES, |image| posterize(image, bits));
        assert_eq!(kept(8), BYTES);
        assert_eq!(kept(1), [0, 0, 0, 128, 128, 128]);
    }

    #[test]
    fn solarize_inverts_the_bright() {
        let solarized = |threshold| changed(BYTES, |image| solarize(image, threshold));
        assert_eq!(solarized(128.0), [0, 1, 127, 127, 55, 0]);
        assert_eq!(solarized(0.0), BYTES.map(|byte| 255 - byte));
    }
}
