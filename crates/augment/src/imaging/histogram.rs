//! Changes that depend on each channel's histogram.

use super::point::{Table, look_up_channels, table};
use crate::image::{CHANNELS, Image};

type Histogram = [u32; 256];

fn histograms(image: &Image) -> [Histogram; CHANNELS] {
    let mut histograms = [[0; 256]; CHANNELS];
    for pixel in image.colours() {
        for (histogram, &byte) in histograms.iter_mut().zip(pixel) {
            histogram[usize::from(byte)] += 1;
        }
    }
    histograms
}

/// Pillow's `ImageOps.autocontrast`: stretches each channel to 0..=255.
pub(crate) fn autocontrast(image: &mut Image) {
    let tables = histograms(image).map(|histogram| stretching(&histogram));
    look_up_channels(image, &tables);
}

fn stretching(histogram: &Histogram) -> Table {
    let held = |&count: &u32| count > 0;
    let low = histogram.iter().position(held).unwrap_or(0);
    let high = histogram.iter().rposition(held).unwrap_or(0);
    if high <= low {
        return table(|byte| byte);
    }
    // Pillow's order of operations, and its cut instead of rounding.
    let scale = 255.0 / (high - low) as f64;
    let offset = -(low as f64) * scale;
    table(|byte| (f64::from(byte) * scale + offset) as u8)
}

/// Pillow's `ImageOps.equalize`: makes each channel's histogram flat.
pub(crate) fn equalize(image: &mut Image) {
    let tables = histograms(image).map(|histogram| flattening(&histogram));
    look_up_channels(image, &tables);
}

fn flattening(histogram: &Histogram) -> Table {
    let total: u32 = histogram.iter().sum();
    let last = histogram.iter().rev().find(|&&count| count > 0);
    let step = (total - last.copied().unwrap_or(0)) / 255;
    if step == 0 {
        return table(|byte| byte);
    }
    let mut count = step / 2;
    std::array::from_fn(|byte| {
        let level = (count / step).min(255) as u8;
        count += histogram[byte];
        level
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn autocontrast_reaches_both_ends_of_each_channel() {
        let mut image = Image::new([1, 3], vec![10, 0, 7, 20, 128, 7, 30, 255, 7]);
        autocontrast(&mut image);
        assert_eq!(image.pixels, [0, 0, 7, 127, 128, 7, 255, 255, 7]);
    }

    #[test]
    fn equalize_makes_two_levels_black_and_white() {
        let size = [20, 30];
        let mut image = Image::filled(size, [100; 3]);
        image.colours_mut()[..300].fill([110; 3]);
        equalize(&mut image);
        assert_eq!(image.colours()[299], [255; 3]);
        assert_eq!(image.colours()[300], [0; 3]);
        let mut flat = Image::filled(size, [100; 3]);
        equalize(&mut flat);
        assert_eq!(flat, Image::filled(size, [100; 3]));
    }
}
