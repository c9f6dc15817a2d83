//! How far figures of a sample can be trusted.

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde::Serialize;

/// Resamples that an interval comes from.
pub const BOOTSTRAP_RESAMPLES: usize = 1000;

/// Share of the resamples that lie in an interval.
pub const CONFIDENCE_LEVEL: f64 = 0.95;

/// A figure and its confidence interval.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Estimate {
    /// The figure on the images themselves.
    pub value: f64,
    /// Lower end of the interval.
    pub low: f64,
    /// Upper end of the interval.
    pub high: f64,
}

/// `N` statistics of `images` images with percentile bootstrap intervals
/// (Efron 1979, "Bootstrap methods: another look at the jackknife") at
/// [`CONFIDENCE_LEVEL`], from [`BOOTSTRAP_RESAMPLES`] resamples.
///
/// `statistics` is given indices of images: once all of them in order, then
/// for each resample as many drawn with replacement. The same `seed` gives the
/// same intervals. Between two resamples the interval's ends are interpolated
/// as `numpy.percentile` does by default.
pub fn bootstrap<const N: usize>(
    images: usize,
    seed: u64,
    mut statistics: impl FnMut(&[usize]) -> [f64; N],
) -> [Estimate; N] {
    let mut indices: Vec<usize> = (0..images).collect();
    let values = statistics(&indices);
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut resampled: [Vec<f64>; N] = std::array::from_fn(|_| Vec::new());
    for _ in 0..BOOTSTRAP_RESAMPLES {
        indices.fill_with(|| rng.random_range(0..images));
        for (values, value) in resampled.iter_mut().zip(statistics(&indices)) {
            values.push(value);
        }
    }
    let tail = (1.0 - CONFIDENCE_LEVEL) / 2.0;
    std::array::from_fn(|i| {
        resampled[i].sort_unstable_by(f64::total_cmp);
        Estimate {
            value: values[i],
            low: quantile(&resampled[i], tail),
            high: quantile(&resampled[i], 1.0 - tail),
        }
    })
}

/// The value below which the share `q` of the `sorted` values lies.
fn quantile(sorted: &[f64], q: f64) -> f64 {
    let position = q * (sorted.len() - 1) as f64;
    let (below, above) = (sorted[position as usize], sorted[position.ceil() as usize]);
    below + (above - below) * position.fract()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn quantiles_are_those_of_numpy() {
        // numpy.percentile([1, 2, 4, 8], [0, 25, 97.5, 100])
        let sorted = [1.0, 2.0, 4.0, 8.0];
        let expected = [(0.0, 1.0), (0.25, 1.75), (0.975, 7.7), (1.0, 8.0)];
        for (q, value) in expected {
            assert!((quantile(&sorted, q) - value).abs() < 1e-12, "{q}");
        }
    }

    #[test]
    fn no_images_are_no_error() {
        let [estimate] = bootstrap(0, 1, |indices| [indices.len() as f64]);
        assert_eq!(
            (estimate.value, estimate.low, estimate.high),
            (0.0, 0.0, 0.0)
        );
    }

    fn mean(values: &[f64], indices: &[usize]) -> f64 {
        indices.iter().map(|&i| values[i]).sum::<f64>() / indices.len() as f64
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(32))]

        #[test]
        fn an_interval_of_a_mean_is_that_of_the_normal_approximation(
            seed: u64,
            hits in 100_usize..300,
        ) {
            let values: Vec<f64> = (0..400).map(|i| f64::from(u8::from(i < hits))).collect();
            let [estimate] = bootstrap(400, seed, |indices| [mean(&values, indices)]);
            let p = hits as f64 / 400.0;
            prop_assert_eq!(estimate.value, p);
            let half = 1.96 * (p * (1.0 - p) / 400.0).sqrt();
            // The ends of a 95 % interval of 1000 resamples have a standard
            // error of 4 % of `half`, and hits are whole numbers.
            for found in [p - estimate.low, estimate.high - p] {
                prop_assert!((found / half - 1.0).abs() < 0.3, "{estimate:?}, expected +-{half}");
            }
        }

        #[test]
        fn the_seed_decides_and_a_constant_has_no_width(
            values in prop::collection::vec(-9.0..9.0_f64, 1..50),
            seed: u64,
        ) {
            let run = |seed| bootstrap(values.len(), seed, |indices| [mean(&values, indices), 7.0]);
            let [first, constant] = run(seed);
            prop_assert_eq!([first, constant], run(seed));
            prop_assert_eq!((constant.low, constant.high), (7.0, 7.0));
            prop_assert!(first.low <= first.high);
            let smallest = values.iter().copied().fold(f64::INFINITY, f64::min);
            let largest = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            prop_assert!(smallest - 1e-9 <= first.low && first.high <= largest + 1e-9);
        }
    }
}
