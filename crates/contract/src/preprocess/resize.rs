//! cv2's `INTER_CUBIC` on pictures of bytes.

use multiversion::multiversion;

use super::cubic::Taps;

/// Resizes a picture as `cv2.resize(.., interpolation=cv2.INTER_CUBIC)` does:
/// a = -0.75, half-pixel centres, replicated border, no antialiasing, rounded
/// half to even and clamped to bytes.
///
/// `pixels` is row-major `[height, width, channels]`; `from` and `to` are
/// `[height, width]`. Gives `[to height, to width, channels]`. Against OpenCV
/// 5.0 at least 99.9 % of the bytes are equal for most sizes, and the others
/// differ by 1 (they lie within a float's rounding of a half; threefold
/// upscaling, where halves are frequent, has the most).
///
/// # Panics
/// If a size is 0 or `pixels` is not height * width * channels long.
pub fn resize_cubic(pixels: &[u8], from: [usize; 2], channels: usize, to: [usize; 2]) -> Vec<u8> {
    resize_window(pixels, from, channels, to, [0, 0], to)
}

/// The window of `size` at `corner` (row, column) of what [`resize_cubic`] would give,
/// without computing the rest.
pub(super) fn resize_window(
    pixels: &[u8],
    from: [usize; 2],
    channels: usize,
    to: [usize; 2],
    corner: [usize; 2],
    size: [usize; 2],
) -> Vec<u8> {
    assert!(channels > 0 && size[0] > 0 && size[1] > 0, "a size is 0");
    assert_eq!(
        pixels.len(),
        from[0] * from[1] * channels,
        "bytes of a {from:?} picture with {channels} channels"
    );
    let [rows, columns] = [0, 1].map(|axis| {
        let range = corner[axis]..corner[axis] + size[axis];
        Taps::new(from[axis], to[axis], range)
    });
    let mut out = vec![0; size[0] * size[1] * channels];
    resize_rows(
        pixels,
        from[1] * channels,
        channels,
        &rows,
        &columns,
        &mut out,
    );
    out
}

/// [`resize_rows_portable`] compiled for the instructions that the machine has.
#[multiversion(targets("x86_64+avx2"))]
fn resize_rows(
    pixels: &[u8],
    source_stride: usize,
    channels: usize,
    rows: &Taps,
    columns: &Taps,
    out: &mut [u8],
) {
    resize_rows_portable(pixels, source_stride, channels, rows, columns, out);
}

/// Rows first by their columns' taps, then blended: source rows are resized
/// once each, when the first target row needs them.
#[inline(always)]
fn resize_rows_portable(
    pixels: &[u8],
    source_stride: usize,
    channels: usize,
    rows: &Taps,
    columns: &Taps,
    out: &mut [u8],
) {
    let columns: Vec<_> = columns.iter().collect();
    let stride = columns.len() * channels;
    // Four neighbours in a row never share a slot, being different modulo 4.
    let mut slots: [(Option<usize>, Vec<f32>); 4] =
        std::array::from_fn(|_| (None, vec![0.0; stride + 1]));
    for (out, (neighbours, weights)) in out.chunks_exact_mut(stride).zip(rows.iter()) {
        for row in neighbours {
            let (held, resized) = &mut slots[row % 4];
            if *held != Some(row) {
                let source = &pixels[row * source_stride..][..source_stride];
                resize_row(source, channels, &columns, resized);
                *held = Some(row);
            }
        }
        let [a, b, c, d] = neighbours.map(|row| &slots[row % 4].1[..]);
        for ((((out, a), b), c), d) in out.iter_mut().zip(a).zip(b).zip(c).zip(d) {
            *out = round_to_byte(weighted_sum(weights, [*a, *b, *c, *d])) as u8;
        }
    }
}

/// One row of a picture, resized but not rounded. The last value of `out` is spare.
#[inline(always)]
fn resize_row(source: &[u8], channels: usize, columns: &[([usize; 4], [f32; 4])], out: &mut [f32]) {
    if channels == 3 {
        return resize_rgb_row(source, columns, out);
    }
    for (out, (neighbours, weights)) in out.chunks_exact_mut(channels).zip(columns) {
        let [a, b, c, d] = neighbours.map(|column| &source[column * channels..][..channels]);
        for ((((out, a), b), c), d) in out.iter_mut().zip(a).zip(b).zip(c).zip(d) {
            *out = weighted_sum(*weights, [*a, *b, *c, *d].map(f32::from));
        }
    }
}

/// The same for three channels. Vector instructions take four values, so each
/// pixel is read and written with the next one's red, which is written again after it.
#[inline(always)]
fn resize_rgb_row(source: &[u8], columns: &[([usize; 4], [f32; 4])], out: &mut [f32]) {
    let mut floats = vec![0.0; source.len() + 1];
    for (float, byte) in floats.iter_mut().zip(source) {
        *float = f32::from(*byte);
    }
    for (position, ([a, b, c, d], weights)) in columns.iter().enumerate() {
        let four = |column: usize| {
            let values = &floats[3 * column..3 * column + 4];
            [values[0], values[1], values[2], values[3]]
        };
        let (a, b, c, d) = (four(*a), four(*b), four(*c), four(*d));
        let sum = |lane: usize| weighted_sum(*weights, [a[lane], b[lane], c[lane], d[lane]]);
        out[3 * position..3 * position + 4].copy_from_slice(&[sum(0), sum(1), sum(2), sum(3)]);
    }
}

/// Sum of four products, always in this order and rounded after every step.
#[inline(always)]
pub(super) fn weighted_sum(weights: [f32; 4], values: [f32; 4]) -> f32 {
    let [a, b, c, d] = values;
    weights[0] * a + weights[1] * b + weights[2] * c + weights[3] * d
}

/// Added to an upscaled value before it is rounded to a whole level.
///
/// Upscales by whole factors give many values that are exactly half a level
/// (every thousandth at three times the size). Float noise would round them up
/// in one implementation and down in another, OpenCV's own builds included.
/// The bias is larger than that noise and keeps clear of the next values that
/// such upscales give (at three times the size they lie 1/11664 apart): host
/// and graph then round alike. ONNX graphs of this project add it too.
pub const TIE_BIAS: f32 = 1.0 / 8192.0;

/// Adds [`TIE_BIAS`], clamps to 0..=255 and rounds half to even.
#[inline(always)]
pub(super) fn round_to_byte(value: f32) -> f32 {
    // From 2^23 on a float has no fraction left, so the addition rounds. It is
    // what `round_ties_even` does, but baseline x86-64 has no instruction for that.
    const NO_FRACTION: f32 = 12_582_912.0; // 1.5 * 2^23
    (value + TIE_BIAS).clamp(0.0, 255.0) + NO_FRACTION - NO_FRACTION
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::preprocess::cubic_matrix;

    #[test]
    fn halves_go_up_and_noise_does_not_matter() {
        for (value, expected) in [
            (0.5, 1.0),
            (0.499_95, 1.0),
            (0.499_8, 0.0),
            (1.5, 2.0),
            (2.5, 3.0),
            (253.5, 254.0),
            (254.5, 255.0),
            (-7.0, 0.0),
            (300.0, 255.0),
        ] {
            assert_eq!(round_to_byte(value), expected, "{value}");
        }
    }

    /// `rows * image * columns^T`, as the ONNX graph does it, with plain loops.
    fn by_matrices(pixels: &[u8], from: [usize; 2], channels: usize, to: [usize; 2]) -> Vec<u8> {
        let [rows, columns] = [0, 1].map(|axis| cubic_matrix(from[axis], to[axis]));
        let mut wide = vec![0.0_f32; from[0] * to[1] * channels];
        for y in 0..from[0] {
            for x in 0..to[1] {
                for c in 0..channels {
                    wide[(y * to[1] + x) * channels + c] = (0..from[1])
                        .map(|s| {
                            let pixel = pixels[(y * from[1] + s) * channels + c];
                            columns[x * from[1] + s] * f32::from(pixel)
                        })
                        .sum();
                }
            }
        }
        let mut out = Vec::new();
        for y in 0..to[0] {
            for i in 0..to[1] * channels {
                let sum: f32 = (0..from[0])
                    .map(|s| rows[y * from[0] + s] * wide[s * to[1] * channels + i])
                    .sum();
                out.push((sum + TIE_BIAS).round_ties_even().clamp(0.0, 255.0) as u8);
            }
        }
        out
    }

    fn picture() -> impl Strategy<Value = (Vec<u8>, [usize; 2], usize)> {
        (1..20_usize, 1..20_usize, 1..5_usize).prop_flat_map(|(height, width, channels)| {
            let pixels = proptest::collection::vec(any::<u8>(), height * width * channels);
            (pixels, Just([height, width]), Just(channels))
        })
    }

    proptest! {
        #[test]
        fn the_matrices_give_the_same(
            (pixels, from, channels) in picture(), height in 1..40_usize, width in 1..40_usize
        ) {
            let to = [height, width];
            prop_assert_eq!(
                resize_cubic(&pixels, from, channels, to),
                by_matrices(&pixels, from, channels, to)
            );
        }

        #[test]
        fn the_same_size_changes_nothing((pixels, from, channels) in picture()) {
            prop_assert_eq!(resize_cubic(&pixels, from, channels, from), pixels);
        }

        #[test]
        fn every_processor_gives_the_same(
            (pixels, from, channels) in picture(), height in 1..40_usize, width in 1..40_usize
        ) {
            let rows = Taps::new(from[0], height, 0..height);
            let columns = Taps::new(from[1], width, 0..width);
            let mut plain = vec![0; height * width * channels];
            resize_rows_portable(
                &pixels, from[1] * channels, channels, &rows, &columns, &mut plain,
            );
            prop_assert_eq!(resize_cubic(&pixels, from, channels, [height, width]), plain);
        }
    }
}
