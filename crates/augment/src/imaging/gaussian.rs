//! SciPy's `gaussian_filter` of a two-dimensional field.

use multiversion::multiversion;

/// `scipy.ndimage.gaussian_filter(field, sigma)` of fields of one size: cut off at
/// 4 sigma, the border mirrored with its edge (mode `reflect`).
pub(crate) struct GaussianFilter {
    size: [usize; 2],
    down: Vec<Weights>,
    across: Vec<Weights>,
}

impl GaussianFilter {
    /// For fields of `size` = `[height, width]`.
    pub(crate) fn new(size: [usize; 2], sigma: f64) -> Self {
        Self {
            size,
            down: weights(size[0], sigma),
            across: weights(size[1], sigma),
        }
    }

    /// Filters a field `[height, width]`.
    pub(crate) fn apply(&self, field: &[f32]) -> Vec<f32> {
        let [height, width] = self.size;
        let down = filter_columns(field, width, &self.down);
        let turned = transpose(&down, width);
        let across = filter_columns(&turned, height, &self.across);
        transpose(&across, height)
    }
}

/// What a row of the result takes of each row of the field.
struct Weights {
    first: usize,
    values: Vec<f32>,
}

/// Weights of `len` rows. The mirrored border is folded in: a wide filter on a
/// small field would otherwise read each row several times.
fn weights(len: usize, sigma: f64) -> Vec<Weights> {
    let radius = (4.0 * sigma + 0.5) as i64;
    let kernel: Vec<f64> = (-radius..=radius)
        .map(|x| (-0.5 * (x as f64 / sigma).powi(2)).exp())
        .collect();
    let sum: f64 = kernel.iter().sum();
    let row = |position: i64| {
        let first = (position - radius).max(0);
        let last = (position + radius).min(len as i64 - 1);
        // A reflection reaches further than the window near both borders.
        let (first, last) = if position < radius || position + radius >= len as i64 {
            (0, len as i64 - 1)
        } else {
            (first, last)
        };
        let mut values = vec![0.0_f64; (last - first + 1) as usize];
        // The mirrored field repeats after twice its length.
        let period = 2 * len as i64;
        let mut within = (position - radius).rem_euclid(period);
        for weight in &kernel {
            let source = within.min(period - 1 - within);
            values[(source - first) as usize] += weight / sum;
            within += 1;
            if within == period {
                within = 0;
            }
        }
        Weights {
            first: first as usize,
            values: values.into_iter().map(|value| value as f32).collect(),
        }
    };
    (0..len as i64).map(row).collect()
}

/// Filters along the columns of a field with rows of `width`.
#[multiversion(targets("x86_64+avx2"))]
fn filter_columns(field: &[f32], width: usize, weights: &[Weights]) -> Vec<f32> {
    let mut out = vec![0.0; field.len()];
    for (out, weights) in out.chunks_exact_mut(width).zip(weights) {
        let row = |index: usize| &field[(weights.first + index) * width..][..width];
        // Four rows at a time: `out` is read and written less often.
        let (fours, rest) = weights.values.as_chunks();
        for (index, [a, b, c, d]) in fours.iter().enumerate() {
            let first = out.iter_mut().zip(row(4 * index)).zip(row(4 * index + 1));
            let rows = first.zip(row(4 * index + 2)).zip(row(4 * index + 3));
            for ((((out, one), two), three), four) in rows {
                *out += (a * one + b * two) + (c * three + d * four);
            }
        }
        for (index, weight) in (4 * fours.len()..).zip(rest) {
            for (out, value) in out.iter_mut().zip(row(index)) {
                *out += weight * value;
            }
        }
    }
    out
}

fn transpose(field: &[f32], width: usize) -> Vec<f32> {
    (0..width)
        .flat_map(|x| field[x..].iter().step_by(width).copied())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_constant_stays() {
        for sigma in [0.5, 3.0, 50.0] {
            let filtered = GaussianFilter::new([6, 9], sigma).apply(&[2.0; 6 * 9]);
            assert!(filtered.iter().all(|value| (value - 2.0).abs() < 1e-5));
        }
    }

    #[test]
    fn a_point_far_from_the_border_becomes_a_bell() {
        let size = 41;
        let mut field = vec![0.0; size * size];
        field[20 * size + 20] = 1.0;
        let filtered = GaussianFilter::new([size, size], 2.0).apply(&field);
        let peak = 1.0 / (2.0 * std::f64::consts::PI * 4.0);
        assert!((f64::from(filtered[20 * size + 20]) - peak).abs() < 1e-5);
        let off = peak * (-0.5_f64 * (9.0 + 16.0) / 4.0).exp();
        assert!((f64::from(filtered[23 * size + 24]) - off).abs() < 1e-6);
    }
}
