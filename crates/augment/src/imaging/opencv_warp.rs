//! OpenCV's bilinear `warpAffine` with `BORDER_REFLECT_101`, as OpenCV 4 does it
//! up to 4.10 (later versions compute in floats).

use super::opencv_remap::{POSITIONS, remap};
use crate::image::Image;

/// Where a point of the source goes: `(a x + b y + c, d x + e y + f)`.
pub(crate) type Affine = [f64; 6];

/// `cv2.getAffineTransform`: the map that takes each of three `from` points,
/// `(x, y)`, to its `to` point. Of points on one line it is not finite.
pub(crate) fn affine_through(from: [[f32; 2]; 3], to: [[f32; 2]; 3]) -> Affine {
    let [from, to] = [from, to].map(|points| points.map(|point| point.map(f64::from)));
    let side = |points: [[f64; 2]; 3], end: usize, axis: usize| points[end][axis] - points[0][axis];
    let [ux, uy] = [0, 1].map(|axis| side(from, 1, axis));
    let [vx, vy] = [0, 1].map(|axis| side(from, 2, axis));
    let determinant = ux * vy - uy * vx;
    let [x_row, y_row] = [0, 1].map(|axis| {
        let (u, v) = (side(to, 1, axis), side(to, 2, axis));
        let a = (u * vy - v * uy) / determinant;
        let b = (v * ux - u * vx) / determinant;
        [a, b, to[0][axis] - a * from[0][0] - b * from[0][1]]
    });
    [x_row[0], x_row[1], x_row[2], y_row[0], y_row[1], y_row[2]]
}

/// `cv2.warpAffine(image, matrix, size, INTER_LINEAR, borderMode=BORDER_REFLECT_101)`.
pub(crate) fn warp_affine(image: &Image, matrix: Affine) -> Image {
    /// Fixed point of the sums: 10 bits after the point.
    const SCALE: f64 = 1024.0;
    const STEP: i64 = SCALE as i64 / POSITIONS;
    let [a, b, c, d, e, f] = inverse(matrix);
    // Through an `i32`, which saturates as OpenCV's cast does.
    let fixed = |value: f64| i64::from((value * SCALE).round_ties_even() as i32);
    // Each term is rounded on its own, as OpenCV does.
    let column = |factor: f64, x: usize| fixed(factor * x as f64);
    let columns: Vec<(i64, i64)> = (0..image.width)
        .map(|x| (column(a, x), column(d, x)))
        .collect();
    let rows: Vec<(i64, i64)> = (0..image.height)
        .map(|y| (fixed(b * y as f64 + c), fixed(e * y as f64 + f)))
        .collect();
    let to_positions = |sum: i64| (sum + STEP / 2).div_euclid(STEP);
    remap(image, |y, x| {
        let ((column_x, column_y), (row_x, row_y)) = (columns[x], rows[y]);
        (
            to_positions(row_x + column_x),
            to_positions(row_y + column_y),
        )
    })
}

/// The way back; of a map that has none, to one point, as OpenCV has it.
fn inverse([a, b, c, d, e, f]: Affine) -> Affine {
    let determinant = a * e - b * d;
    let scale = if determinant == 0.0 {
        0.0
    } else {
        1.0 / determinant
    };
    let [a, b, d, e] = [e * scale, -b * scale, -d * scale, a * scale];
    [a, b, -a * c - b * f, d, e, -d * c - e * f]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_points_go_where_they_should() {
        let from = [[1.0, 2.0], [5.0, 1.0], [0.0, 7.0]];
        let to = [[3.0, -2.0], [8.0, 0.5], [1.0, 9.0]];
        let [a, b, c, d, e, f] = affine_through(from, to);
        for ([x, y], [to_x, to_y]) in from.into_iter().zip(to) {
            let [x, y] = [f64::from(x), f64::from(y)];
            assert!((a * x + b * y + c - f64::from(to_x)).abs() < 1e-9);
            assert!((d * x + e * y + f - f64::from(to_y)).abs() < 1e-9);
        }
    }

    #[test]
    fn a_translation_mirrors_the_border() {
        let image = Image::new([1, 3], vec![1, 1, 1, 2, 2, 2, 3, 3, 3]);
        let moved = warp_affine(&image, [1.0, 0.0, 1.0, 0.0, 1.0, 0.0]);
        assert_eq!(moved.pixels, [2, 2, 2, 1, 1, 1, 2, 2, 2]);
    }

    #[test]
    fn a_singular_map_is_one_point() {
        let image = Image::new([1, 2], vec![1, 1, 1, 2, 2, 2]);
        let flat = warp_affine(&image, [0.0; 6]);
        assert_eq!(flat.pixels, [1; 6]);
    }
}
