//! Pillow's `ImageEnhance.Sharpness`.

use multiversion::multiversion;

use super::pillow_blend::blend;
use crate::image::{CHANNELS, Image};

/// Pillow's `ImageEnhance.Sharpness`, torchvision's `adjust_sharpness`: factor 0
/// gives `ImageFilter.SMOOTH` of the image (3x3, the centre 5 times the weight
/// of its neighbours, the border as it was), 1 the image, 2 a sharper one.
pub(crate) fn adjust_sharpness(image: &mut Image, factor: f64) {
    let [height, width] = image.size();
    if height < 3 || width < 3 {
        // All border: the smooth image is the image.
        return;
    }
    let stride = width * CHANNELS;
    let source = image.pixels.clone();
    for y in 1..height - 1 {
        let rows = [y - 1, y, y + 1].map(|row| &source[row * stride..][..stride]);
        let out = &mut image.pixels[y * stride + CHANNELS..(y + 1) * stride - CHANNELS];
        sharpen_row(rows, out, factor as f32);
    }
}

/// One row without its first and last pixel.
#[multiversion(targets("x86_64+avx2"))]
fn sharpen_row([above, middle, below]: [&[u8]; 3], out: &mut [u8], factor: f32) {
    let len = out.len();
    let around = |row: &[u8], i: usize| {
        let value = |at| u16::from(row[at]);
        value(i) + value(i + CHANNELS) + value(i + 2 * CHANNELS)
    };
    let rows = [above, middle, below].map(|row| &row[..len + 2 * CHANNELS]);
    for (i, out) in out.iter_mut().enumerate() {
        let centre = rows[1][i + CHANNELS];
        let sum = around(rows[0], i) + around(rows[1], i) + around(rows[2], i);
        // Divided by 13 and rounded; 13 is odd, so there are no ties.
        let smooth = (2 * (sum + 4 * u16::from(centre)) + 13) / 26;
        *out = blend(smooth as u8, centre, factor);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_inside_changes() {
        let mut image = Image::filled([3, 3], [0; 3]);
        image.pixels[4 * CHANNELS] = 130;
        let mut smooth = image.clone();
        adjust_sharpness(&mut smooth, 0.0);
        assert_eq!(smooth.pixels[4 * CHANNELS], 50);
        smooth.pixels[4 * CHANNELS] = 130;
        assert_eq!(smooth, image);
        adjust_sharpness(&mut smooth, 1.0);
        assert_eq!(smooth, image);
    }

    #[test]
    fn an_image_of_border_only_stays() {
        let image = Image::new([2, 2], (0..12).collect());
        let mut sharpened = image.clone();
        adjust_sharpness(&mut sharpened, 2.0);
        assert_eq!(sharpened, image);
    }
}
