//! Pillow's `Image.transform(size, AFFINE, ...)`, and what torchvision does
//! with it.

use multiversion::multiversion;
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
        // Nothing lies between pixels then, and the other way is cheaper.
        Interpolation::Bilinear if moves_by_whole_pixels(inverse) => {
            nearest_scaled(image, inverse, &mut out);
        }
        Interpolation::Bilinear => bilinear(image, inverse, &mut out),
        Interpolation::Nearest if inverse[1] == 0.0 && inverse[3] == 0.0 => {
            nearest_scaled(image, inverse, &mut out);
        }
        Interpolation::Nearest => nearest(image, inverse, &mut out),
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

fn moves_by_whole_pixels([a, b, c, d, e, f]: InverseAffine) -> bool {
    [a, b, d, e] == [1.0, 0.0, 0.0, 1.0] && c.fract() == 0.0 && f.fract() == 0.0
}

/// Without rotation and shear: positions are sums of floats, as in
/// `ImagingScaleAffine` of `src/libImaging/Geometry.c`.
fn nearest_scaled(image: &Image, [a, _, c, _, e, f]: InverseAffine, out: &mut Image) {
    let positions = |first: f64, step: f64, len: usize| -> Vec<Option<usize>> {
        let mut next = first + step * 0.5;
        let mut position = || {
            let at = next;
            next += step;
            (at >= 0.0 && at < len as f64).then_some(at as usize)
        };
        (0..len).map(|_| position()).collect()
    };
    let columns = positions(c, a, image.width);
    let lines = positions(f, e, image.height);
    let width = image.width;
    for (row, line) in out.colours_mut().chunks_exact_mut(width).zip(lines) {
        let Some(line) = line else { continue };
        let source = &image.colours()[line * width..][..width];
        for (pixel, column) in row.iter_mut().zip(&columns) {
            if let Some(column) = *column {
                *pixel = source[column];
            }
        }
    }
}

/// Fixed point with 16 bits after the point, as `affine_fixed` of
/// the same file.
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
#[multiversion(targets("x86_64+avx2"))]
fn bilinear(image: &Image, inverse: InverseAffine, out: &mut Image) {
    bilinear_portable(image, inverse, out);
}

#[inline(always)]
fn bilinear_portable(image: &Image, inverse: InverseAffine, out: &mut Image) {
    let [height, width] = image.size();
    let padded = pad(image);
    let stride = width + 2;
    let centres: Vec<f64> = (0..width).map(|x| x as f64 + 0.5).collect();
    let mut points = vec![Point::default(); width];
    for (y, row) in out.colours_mut().chunks_exact_mut(width).enumerate() {
        // On their own, as vector instructions do them for several pixels at a time.
        locate(
            inverse,
            &centres,
            y as f64 + 0.5,
            [height, width],
            &mut points,
        );
        for (pixel, point) in row.iter_mut().zip(&points) {
            if !point.inside {
                continue;
            }
            let at = point.above as usize * stride + point.left as usize;
            let [upper, lower] = [&padded[at..at + 2], &padded[at + stride..at + stride + 2]];
            let upper = between(levels(upper[0]), levels(upper[1]), point.right_share);
            let lower = between(levels(lower[0]), levels(lower[1]), point.right_share);
            let mixed = between(upper, lower, point.below_share);
            *pixel = [mixed[0] as u8, mixed[1] as u8, mixed[2] as u8];
        }
    }
}

/// Which pixels of the padded source a pixel lies between.
#[derive(Clone, Copy, Default)]
struct Point {
    inside: bool,
    left: i32,
    above: i32,
    right_share: f64,
    below_share: f64,
}

#[inline(always)]
fn locate(
    [a, b, c, d, e, f]: InverseAffine,
    centres: &[f64],
    y: f64,
    [height, width]: [usize; 2],
    points: &mut [Point],
) {
    let (right_end, lower_end) = (width as f64, height as f64);
    for (point, &x) in points.iter_mut().zip(centres) {
        let (x, y) = (a * x + b * y + c, d * x + e * y + f);
        point.inside = x >= 0.0 && x < right_end && y >= 0.0 && y < lower_end;
        // From the pixels' centres.
        let (x, y) = (x - 0.5, y - 0.5);
        // A cast is a floor where nothing is below 0; the padding adds the 1 anyway.
        point.left = (x + 1.0) as i32;
        point.above = (y + 1.0) as i32;
        point.right_share = x - f64::from(point.left - 1);
        point.below_share = y - f64::from(point.above - 1);
    }
}

/// Four channels, one unused: what vector instructions take.
type Lanes = [u8; 4];

/// The image with its border repeated by one pixel on every side.
fn pad(image: &Image) -> Vec<Lanes> {
    let colours = image.colours();
    let mut padded = Vec::with_capacity((image.height + 2) * (image.width + 2));
    for y in 0..image.height + 2 {
        let row = &colours[y.clamp(1, image.height) * image.width - image.width..][..image.width];
        let ends = [row[0], row[image.width - 1]];
        let pixels = ends[..1].iter().chain(row).chain(&ends[1..]);
        padded.extend(pixels.map(|&[red, green, blue]| [red, green, blue, 0]));
    }
    padded
}

#[inline(always)]
fn levels([red, green, blue, unused]: Lanes) -> [f64; 4] {
    [red.into(), green.into(), blue.into(), unused.into()]
}

#[inline(always)]
fn between(from: [f64; 4], to: [f64; 4], share: f64) -> [f64; 4] {
    let mut out = from;
    for (out, to) in out.iter_mut().zip(to) {
        *out += (to - *out) * share;
    }
    out
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
