//! Small versions of a picture that are compared pixel by pixel.

use dataset::RgbPixels;
use image::{RgbImage, imageops};

/// Side of the thumbnail, in pixels.
const SIDE: u32 = 96;

/// Side of the windows of it that are compared, in pixels.
const WINDOW: usize = 16;

/// Sides of the windows in the thumbnail: all of it, and what is left when 5 or 10 % are cropped.
const SIDES: [u32; 3] = [96, 91, 86];

/// Values of a window.
const VALUES: usize = WINDOW * WINDOW * 3;

/// Windows of a picture, brought to one size: the first one is all of it. Each has mean 0 and
/// length 1.
pub(super) struct Thumbnail(Vec<[f32; VALUES]>);

impl Thumbnail {
    /// Reduces a picture.
    pub fn of(picture: &RgbPixels) -> Self {
        let size = [picture.width, picture.height].map(|side| side as u32);
        let image = RgbImage::from_raw(size[0], size[1], picture.pixels.clone());
        // A picture has as many bytes as its size says.
        let image = image.unwrap_or_default();
        let small = imageops::thumbnail(&image, SIDE, SIDE);
        let mut windows = Vec::new();
        for side in SIDES {
            let slack = SIDE - side;
            let places = match slack {
                0 => vec![0],
                slack => vec![0, slack / 2, slack],
            };
            for &top in &places {
                windows.extend(places.iter().map(|&left| window(&small, left, top, side)));
            }
        }
        Self(windows)
    }

    /// The correlation of both where one fits the other best: all of one picture with a part of
    /// the other, -1 to 1. 0 for a picture of one colour.
    pub fn similarity(&self, other: &Self) -> f64 {
        let best = |all: &[f32; VALUES], parts: &Self| {
            let dot = |part: &[f32; VALUES]| {
                let products = all.iter().zip(part).map(|(a, b)| a * b);
                f64::from(products.sum::<f32>())
            };
            parts.0.iter().map(dot).fold(-1.0, f64::max)
        };
        best(&self.0[0], other).max(best(&other.0[0], self))
    }
}

/// Means over the cells of a grid on the square at `left` and `top`.
fn window(image: &RgbImage, left: u32, top: u32, side: u32) -> [f32; VALUES] {
    let mut values = [0.0; VALUES];
    let edge = |cell: usize| (cell as u32 * side) / WINDOW as u32;
    for (cell, values) in values.chunks_mut(3).enumerate() {
        let (row, column) = (cell / WINDOW, cell % WINDOW);
        let mut pixels = 0.0;
        for y in top + edge(row)..top + edge(row + 1) {
            for x in left + edge(column)..left + edge(column + 1) {
                let colour = image.get_pixel(x, y).0;
                for (value, level) in values.iter_mut().zip(colour) {
                    *value += f32::from(level);
                }
                pixels += 1.0;
            }
        }
        for value in values {
            *value /= pixels;
        }
    }
    let mean = values.iter().sum::<f32>() / VALUES as f32;
    values.iter_mut().for_each(|value| *value -= mean);
    let length = values.iter().map(|value| value * value).sum::<f32>().sqrt();
    // Rounding leaves a little of a picture of one colour.
    let scale = if length > 1e-2 { 1.0 / length } else { 0.0 };
    values.map(|value| value * scale)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A picture of waves, seen through a window that begins at `left` and `top` and is `side`
    /// wide, all as shares of the picture.
    fn waves(pixels: usize, left: f32, top: f32, side: f32, turn: f32) -> RgbPixels {
        let at = |i: usize, from: f32| from + side * (i as f32 + 0.5) / pixels as f32;
        let mut bytes = Vec::new();
        for y in 0..pixels {
            for x in 0..pixels {
                let (x, y) = (at(x, left), at(y, top));
                let wave = (9.0 * x + turn).sin() * (7.0 * y).cos();
                bytes.extend([0.0, 1.0, 2.0].map(|c| (127.0 + 100.0 * (wave + c).sin()) as u8));
            }
        }
        RgbPixels {
            height: pixels,
            width: pixels,
            pixels: bytes,
        }
    }

    #[test]
    fn a_part_of_a_picture_fits_it() {
        let whole = Thumbnail::of(&waves(200, 0.0, 0.0, 1.0, 0.0));
        let similarity = |other: RgbPixels| whole.similarity(&Thumbnail::of(&other));
        assert!(similarity(waves(180, 0.0, 0.0, 1.0, 0.0)) > 0.999);
        assert!(similarity(waves(190, 0.03, 0.02, 0.95, 0.0)) > 0.98);
        assert!(similarity(waves(90, 0.1, 0.1, 0.9, 0.0)) > 0.98);
        assert!(similarity(waves(200, 0.0, 0.0, 1.0, 1.0)) < 0.97);
        let grey = RgbPixels {
            height: 9,
            width: 9,
            pixels: vec![100; 9 * 9 * 3],
        };
        assert_eq!(Thumbnail::of(&grey).similarity(&Thumbnail::of(&grey)), 0.0);
    }
}
