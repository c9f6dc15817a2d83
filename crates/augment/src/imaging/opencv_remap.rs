//! OpenCV's bilinear `remap` with `BORDER_REFLECT_101`.

use crate::image::{CHANNELS, Image};

/// OpenCV's positions between two pixels.
pub(super) const POSITIONS: i64 = 32;

/// A coordinate in pixels as one in `POSITIONS`, rounded half to even.
pub(crate) fn to_position(coordinate: f32) -> i64 {
    // From 2^23 on a float has no fraction left, so the addition rounds.
    const NO_FRACTION: f32 = 12_582_912.0; // 1.5 * 2^23
    // So far outside of any image that the limits do not matter.
    const LIMIT: f32 = 2_097_152.0; // 2^21
    let position = (coordinate * POSITIONS as f32).clamp(-LIMIT, LIMIT);
    (position + NO_FRACTION - NO_FRACTION) as i64
}

/// `cv2.remap(image, map_x, map_y, INTER_LINEAR, borderMode=BORDER_REFLECT_101)`:
/// the pixel at row `y` and column `x` shows the source's point `map(y, x)`,
/// `(x, y)` as [`to_position`] gives it, from the upper left pixel's centre.
pub(crate) fn remap(image: &Image, map: impl Fn(usize, usize) -> (i64, i64)) -> Image {
    let [height, width] = image.size();
    let source: Vec<u64> = image.colours().iter().map(|&pixel| pack(pixel)).collect();
    let mut out = Image::filled(image.size(), [0; CHANNELS]);
    for (y, row) in out.colours_mut().chunks_exact_mut(width).enumerate() {
        for (x, pixel) in row.iter_mut().enumerate() {
            let (x, y) = map(y, x);
            let (left, above) = (x.div_euclid(POSITIONS), y.div_euclid(POSITIONS));
            let columns = [left, left + 1].map(|column| reflect_101(column, width));
            let lines = [above, above + 1].map(|line| reflect_101(line, height) * width);
            let [right, below] = [x, y].map(|at| at.rem_euclid(POSITIONS) as u64);
            let (left, above) = (POSITIONS as u64 - right, POSITIONS as u64 - below);
            let upper = source[lines[0] + columns[0]] * (left * above)
                + source[lines[0] + columns[1]] * (right * above);
            let lower = source[lines[1] + columns[0]] * (left * below)
                + source[lines[1] + columns[1]] * (right * below);
            *pixel = unpack(upper + lower);
        }
    }
    out
}

/// Bits of a channel in a packed pixel: 8 and the 10 of weights that sum to
/// 32 * 32, with room to spare.
const CHANNEL_BITS: u32 = 21;

/// The channels side by side, so that one multiplication weights all three.
fn pack([red, green, blue]: [u8; CHANNELS]) -> u64 {
    let [red, green, blue] = [red, green, blue].map(u64::from);
    red | green << CHANNEL_BITS | blue << (2 * CHANNEL_BITS)
}

/// The channels of a sum of weighted pixels, divided by 32 * 32 and rounded
/// half up.
fn unpack(sum: u64) -> [u8; CHANNELS] {
    [0, 1, 2].map(|channel| {
        let weighted = sum >> (channel * CHANNEL_BITS) & ((1 << CHANNEL_BITS) - 1);
        ((weighted + 512) >> 10) as u8
    })
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
    fn coordinates_are_rounded_half_to_even() {
        for (coordinate, position) in [
            (0.0, 0),
            (1.0, 32),
            (0.5 / 32.0, 0),
            (1.5 / 32.0, 2),
            (-1.5 / 32.0, -2),
            (-3.0, -96),
        ] {
            assert_eq!(to_position(coordinate), position);
        }
    }

    #[test]
    fn whole_positions_copy_and_halves_are_rounded_up() {
        let image = Image::new([1, 2], vec![0, 10, 255, 1, 20, 255]);
        let at = |x: f32| remap(&image, |_, _| (to_position(x), 0)).pixels[..3].to_vec();
        assert_eq!(at(1.0), [1, 20, 255]);
        assert_eq!(at(0.5), [1, 15, 255]);
        assert_eq!(at(-0.5), [1, 15, 255]);
        assert_eq!(at(0.01), [0, 10, 255]); // less than half of 1/32
    }
}
