//! Pillow's `Image.transform(size, AFFINE, ...)`, and what torchvision does
//! with it.

use serde::{Deserialize, Serialize};

use crate::image::{CHANNELS, Image};

/// Where a pixel between others gets its value from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Interpolation {
    /// From the nearest pixel: torchvision's default.
    #[default]
    Nearest,
    /// From the four around it, linearly by distance.
    Bilinear,
}

/// For the centre `(x, y)` of a pixel of the result, the point of the source
/// that it shows: `(a x + b y + c, d x + e y + f)`, in pixels from the upper
/// left corner.
pub(crate) type InverseAffine = [f64; 6];

/// Pillow's `image.transform(image.size, AFFINE, inverse, interpolation,
/// fillcolor=fill)`. Points outside of the image show `fill`.
pub(crate) fn transform(
    image: &Image,
    inverse: InverseAffine,
    interpolation: Interpolation,
    fill: [u8; CHANNELS],
) -> Image {
    let mut out = Image::filled(image.size(), fill);
    match interpolation {
        Interpolation::Nearest => nearest(image, inverse, &mut out),
        Interpolation::Bilinear => bilinear(image, inverse, &mut out),
    }
    out
}

/// Pillow's `image.rotate(degrees, interpolation, fillcolor=fill)`, torchvision's
/// `rotate`: counter-clockwise about the centre.
pub(crate) fn rotate(
    image: &Image,
    degrees: f64,
    interpolation: Interpolation,
    fill: [u8; CHANNELS],
) -> Image {
    let angle = -degrees.rem_euclid(360.0).to_radians();
    // Pillow rounds, so that quarter turns are exact.
    let round = |value: f64| (value * 1e15).round() / 1e15;
    let (sin, cos) = (round(angle.sin()), round(angle.cos()));
    let [x, y] = [image.width, image.height].map(|side| side as f64 / 2.0);
    let inverse = [
        cos,
        sin,
        cos * -x + sin * -y + x,
        -sin,
        cos,
        -sin * -x + cos * -y + y,
    ];
    transform(image, inverse, interpolation, fill)
}

/// Fixed point with 16 bits after the point, as `affine_fixed` of
/// `src/libImaging/Geometry.c`.
fn nearest(image: &Image, inverse: InverseAffine, out: &mut Image) {
    let fixed = |value: f64| (value * 65_536.0 + 0.5).floor() as i64;
    let [a, b, c, d, e, f] = inverse;
    let [step_x, step_y] = [a, d].map(fixed);
    let [row_x, row_y] = [b, e].map(fixed);
    let mut start_x = fixed(c + a * 0.5 + b * 0.5);
    let mut start_y = fixed(f + d * 0.5 + e * 0.5);
    let [height, width] = image.size();
    let source = image.colours();
    for row in out.colours_mut().chunks_exact_mut(width) {
        let (mut x, mut y) = (start_x, start_y);
        for pixel in row {
            // A negative position is a huge unsigned one.
            let (column, line) = ((x >> 16) as usize, (y >> 16) as usize);
            if column < width && line < height {
                *pixel = source[line * width + column];
            }
            x += step_x;
            y += step_y;
        }
        start_x += row_x;
        start_y += row_y;
    }
}

/// `bilinear_filter32RGB` of the same file: the border's pixels reach to the
/// border, and levels are cut, not rounded.
fn bilinear(image: &Image, [a, b, c, d, e, f]: InverseAffine, out: &mut Image) {
    let [height, width] = image.size();
    let limits = [width as f64, height as f64];
    let source = image.colours();
    for (y, row) in out.colours_mut().chunks_exact_mut(width).enumerate() {
        let y = y as f64 + 0.5;
        for (x, pixel) in row.iter_mut().enumerate() {
            let x = x as f64 + 0.5;
            let [x, y] = [a * x + b * y + c, d * x + e * y + f];
            if !(x >= 0.0 && x < limits[0] && y >= 0.0 && y < limits[1]) {
                continue;
            }
            // `+ 1` keeps it above 0, where a cast is a floor.
            let [left, above] = [x - 0.5, y - 0.5].map(|value| (value + 1.0) as usize);
            let [right_share, below_share] = [x + 0.5 - left as f64, y + 0.5 - above as f64];
            let columns = [left.max(1) - 1, left.min(width - 1)];
            let [upper, lower] = [above.max(1) - 1, above.min(height - 1)]
                .map(|line| columns.map(|column| source[line * width + column].map(f64::from)));
            *pixel = std::array::from_fn(|channel| {
                let mix = |from: f64, to: f64, share: f64| from + (to - from) * share;
                let [upper, lower] = [upper, lower]
                    .map(|[left, right]| mix(left[channel], right[channel], right_share));
                mix(upper, lower, below_share) as u8
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILL: [u8; 3] = [9, 8, 7];
    const BOTH: [Interpolation; 2] = [Interpolation::Nearest, Interpolation::Bilinear];

    fn image() -> Image {
        Image::new([4, 4], (0..48).map(|value| value * 5).collect())
    }

    #[test]
    fn the_identity_changes_nothing() {
        for interpolation in BOTH {
            let same = transform(
                &image(),
                [1.0, 0.0, 0.0, 0.0, 1.0, 0.0],
                interpolation,
                FILL,
            );
            assert_eq!(same, image());
        }
    }

    #[test]
    fn a_translation_uncovers_the_fill() {
        for interpolation in BOTH {
            let moved = transform(
                &image(),
                [1.0, 0.0, -1.0, 0.0, 1.0, 2.0],
                interpolation,
                FILL,
            );
            assert_eq!(moved.colours()[0], FILL);
            assert_eq!(moved.colours()[1], image().colours()[8]);
            assert_eq!(moved.colours()[9], FILL);
        }
    }

    #[test]
    fn a_quarter_turn_moves_corners() {
        for interpolation in BOTH {
            let turned = rotate(&image(), 90.0, interpolation, FILL);
            assert_eq!(turned.colours()[0], image().colours()[3]);
            assert_eq!(turned.colours()[12], image().colours()[0]);
            let back = rotate(&turned, -90.0, interpolation, FILL);
            assert_eq!(back, image());
        }
    }
}
