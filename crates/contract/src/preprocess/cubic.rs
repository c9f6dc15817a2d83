//! Weights of cv2's `INTER_CUBIC` along one dimension.

use std::ops::Range;

/// Keys' cubic convolution parameter as OpenCV has it (`interpolateCubic` in
/// `imgproc/src/resize.cpp`); PIL and the `image` crate use -0.5.
const A: f64 = -0.75;

/// For each position of the target, where it takes its values from and how much
/// of each. Always four neighbours: `INTER_CUBIC` does not antialias when it
/// makes a picture smaller.
#[derive(Clone, Debug)]
pub(super) struct Taps {
    source: usize,
    first: Vec<usize>,
    weights: Vec<[f32; 4]>,
}

impl Taps {
    /// Taps of the positions `range` of a resize from `source` to `target` values.
    pub(super) fn new(source: usize, target: usize, range: Range<usize>) -> Self {
        assert!(source > 0, "the source is empty");
        assert!(range.end <= target, "{range:?} reaches past {target}");
        let mut taps = Self {
            source,
            first: Vec::with_capacity(range.len()),
            weights: Vec::with_capacity(range.len()),
        };
        for position in range {
            // Half-pixel centres.
            let centre = (position as f64 + 0.5) * (source as f64 / target as f64) - 0.5;
            let floor = centre.floor();
            let before = floor as isize - 1;
            let last = source as isize - 1;
            // The border is replicated: weights that fall outside go to the edge.
            // The window is moved inside so that it stays four neighbours in a row.
            let first = before.clamp(0, (last - 3).max(0));
            let mut folded = [0.0_f64; 4];
            for (index, weight) in (before..).zip(weights_at(centre - floor)) {
                folded[(index.clamp(0, last) - first) as usize] += weight;
            }
            taps.first.push(first as usize);
            taps.weights.push(folded.map(|weight| weight as f32));
        }
        taps
    }

    /// For each target position, the four source positions (the last repeated,
    /// with weight 0, where the source has fewer) and their weights.
    #[inline(always)]
    pub(super) fn iter(&self) -> impl Iterator<Item = ([usize; 4], [f32; 4])> {
        let last = self.source - 1;
        let positions = self.first.iter().zip(&self.weights);
        positions.map(move |(&first, &weights)| {
            ([0, 1, 2, 3].map(|tap| (first + tap).min(last)), weights)
        })
    }
}

/// Weights of the four neighbours of a point that lies `x` (0 to 1) behind the second.
fn weights_at(x: f64) -> [f64; 4] {
    let near = |x: f64| ((A + 2.0) * x - (A + 3.0)) * x * x + 1.0;
    let far = |x: f64| ((A * x - 5.0 * A) * x + 8.0 * A) * x - 4.0 * A;
    let [w0, w1, w2] = [far(x + 1.0), near(x), near(1.0 - x)];
    [w0, w1, w2, 1.0 - w0 - w1 - w2]
}

/// The resize of one dimension from `source` to `target` values as a matrix,
/// row-major `[target, source]`: at most four values a row are not zero, and
/// each row sums to 1. An image `[h, w]` is resized by
/// `round(clip(cubic_matrix(h, H) * image * cubic_matrix(w, W)^T, 0, 255))`.
///
/// # Panics
/// If `source` is 0.
pub fn cubic_matrix(source: usize, target: usize) -> Vec<f32> {
    let mut matrix = vec![0.0; target * source];
    let taps = Taps::new(source, target, 0..target);
    for (row, (positions, weights)) in matrix.chunks_exact_mut(source).zip(taps.iter()) {
        for (position, weight) in positions.into_iter().zip(weights) {
            row[position] += weight;
        }
    }
    matrix
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_sum_to_one() {
        for (source, target) in [(32, 224), (8, 64), (50, 24), (3, 9), (2, 5), (1, 4), (5, 1)] {
            let matrix = cubic_matrix(source, target);
            assert_eq!(matrix.len(), target * source);
            for row in matrix.chunks_exact(source) {
                let sum: f32 = row.iter().sum();
                assert!((sum - 1.0).abs() < 1e-6, "{source} -> {target}: {sum}");
            }
        }
    }

    #[test]
    fn the_same_size_is_the_identity() {
        for size in [1, 2, 3, 4, 7] {
            let matrix = cubic_matrix(size, size);
            for (index, &weight) in matrix.iter().enumerate() {
                let expected = if index / size == index % size {
                    1.0
                } else {
                    0.0
                };
                assert_eq!(weight, expected);
            }
        }
    }

    // By hand: position 2 of 4 -> 8 lies at 0.75, x = 0.75 behind the first value;
    // a = -0.75 gives -9/256, 67/256, 225/256, -27/256 and the border takes the first.
    #[test]
    fn a_row_by_hand() {
        let matrix = cubic_matrix(4, 8);
        let expected = [(-9.0 + 67.0) / 256.0, 225.0 / 256.0, -27.0 / 256.0, 0.0];
        assert_eq!(matrix[2 * 4..3 * 4], expected);
    }

    #[test]
    fn a_range_is_a_part_of_the_whole() {
        let whole: Vec<_> = Taps::new(50, 24, 0..24).iter().collect();
        let part: Vec<_> = Taps::new(50, 24, 5..11).iter().collect();
        assert_eq!(part, whole[5..11]);
    }
}
