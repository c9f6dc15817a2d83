//! OpenCV's bilinear `remap` with `BORDER_REFLECT_101`.

use crate::image::{CHANNELS, Image};

/// OpenCV's positions between pixels: 32 in each direction.
pub(super) const POSITIONS: i64 = 32;

/// `cv2.remap(image, map_x, map_y, INTER_LINEAR, borderMode=BORDER_REFLECT_101)`:
/// the pixel at row `y` and column `x` shows the source's point `map(y, x)`,
/// `(x, y)` in pixels from the upper left pixel's centre.
pub(crate) fn remap(image: &Image, map: impl Fn(usize, usize) -> (f32, f32)) -> Image {
    let round = |position: f32| (position * POSITIONS as f32).round_ties_even() as i64;
    remap_fixed(image, |y, x| {
        let (x, y) = map(y, x);
        (round(x), round(y))
    })
}

/// [`remap`] with positions in 1/32 of a pixel.
pub(super) fn remap_fixed(image: &Image, map: impl Fn(usize, usize) -> (i64, i64)) -> Image {
    let [height, width] = image.size();
    let source = image.colours();
    let mut out = Image::filled(image.size(), [0; CHANNELS]);
    for (y, row) in out.colours_mut().chunks_exact_mut(width).enumerate() {
        for (x, pixel) in row.iter_mut().enumerate() {
            let (x, y) = map(y, x);
            let (left, above) = (x.div_euclid(POSITIONS), y.div_euclid(POSITIONS));
            let columns = [left, left + 1].map(|column| reflect_101(column, width));
            let lines = [above, above + 1].map(|line| reflect_101(line, height) * width);
            let [right_share, below_share] = [x, y].map(|at| at.rem_euclid(POSITIONS) as u32);
            let [upper, lower] =
                lines.map(|line| columns.map(|column| source[line + column].map(u32::from)));
            *pixel = std::array::from_fn(|channel| {
                let whole = POSITIONS as u32;
                let [upper, lower] = [upper, lower].map(|[left, right]| {
                    left[channel] * (whole - right_share) + right[channel] * right_share
                });
                let sum = upper * (whole - below_share) + lower * below_share;
                // Divided by 32 * 32 and rounded half up.
                ((sum + 512) >> 10) as u8
            });
        }
    }
    out
}

/// `BORDER_REFLECT_101`: `gfedcb|abcdefgh|gfedcba`, as often as needed.
fn reflect_101(position: i64, len: usize) -> usize {
    if (0..len as i64).contains(&position) {
        return position as usize;
    }
    let last = len as i64 - 1;
    if last == 0 {
        return 0;
    }
    let within = position.rem_euclid(2 * last);
    within.min(2 * last - within) as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_outside_are_mirrored_without_the_edge() {
        let mirrored: Vec<usize> = (-4..8).map(|at| reflect_101(at, 4)).collect();
        assert_eq!(mirrored, [2, 3, 2, 1, 0, 1, 2, 3, 2, 1, 0, 1]);
        assert_eq!(reflect_101(-7, 1), 0);
        assert_eq!(reflect_101(2, 2), 0);
    }

    #[test]
    fn whole_positions_copy_and_halves_are_rounded_up() {
        let image = Image::new([1, 2], vec![0, 10, 255, 1, 20, 255]);
        let at = |x: f32| remap(&image, |_, _| (x, 0.0)).pixels[..3].to_vec();
        assert_eq!(at(1.0), [1, 20, 255]);
        assert_eq!(at(0.5), [1, 15, 255]);
        assert_eq!(at(-0.5), [1, 15, 255]);
        assert_eq!(at(0.01), [0, 10, 255]); // less than half of 1/32
    }
}
