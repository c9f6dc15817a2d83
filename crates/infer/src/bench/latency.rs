//! Time that a single image takes.

use std::time::{Duration, Instant};

use serde::Serialize;

use super::pattern;
use crate::{Classifier, InferError};

/// Fewest runs: the 99th percentile of fewer is a guess.
const MIN_RUNS: usize = 100;
/// Runs before the clock counts.
const WARM_UP: usize = 5;

/// Latency at batch size 1, in milliseconds.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Latency {
    /// Threads inside the session.
    pub threads: usize,
    /// Runs measured.
    pub runs: usize,
    /// Mean.
    pub mean: f64,
    /// Median.
    pub p50: f64,
    /// 90th percentile.
    pub p90: f64,
    /// 95th percentile.
    pub p95: f64,
    /// 99th percentile.
    pub p99: f64,
    /// The slowest run.
    pub max: f64,
}

/// Runs one image after the other for `time`, and at least 100 of them.
pub(super) fn measure(
    classifier: &Classifier,
    threads: usize,
    time: Duration,
) -> Result<Latency, InferError> {
    let pixels = pattern(classifier, 1);
    for _ in 0..WARM_UP {
        classifier.run(&pixels)?;
    }
    let mut milliseconds = Vec::new();
    let start = Instant::now();
    while milliseconds.len() < MIN_RUNS || start.elapsed() < time {
        let run = Instant::now();
        classifier.run(&pixels)?;
        milliseconds.push(1e3 * run.elapsed().as_secs_f64());
    }
    Ok(Latency::of(threads, milliseconds))
}

impl Latency {
    fn of(threads: usize, mut milliseconds: Vec<f64>) -> Self {
        milliseconds.sort_by(f64::total_cmp);
        let percentile = |share| percentile(&milliseconds, share);
        Self {
            threads,
            runs: milliseconds.len(),
            mean: milliseconds.iter().sum::<f64>() / milliseconds.len() as f64,
            p50: percentile(0.5),
            p90: percentile(0.9),
            p95: percentile(0.95),
            p99: percentile(0.99),
            max: percentile(1.0),
        }
    }
}

/// The value below which `share` of the `sorted` values lie, interpolated as
/// `numpy.percentile` does. NaN of no values.
pub(super) fn percentile(sorted: &[f64], share: f64) -> f64 {
    let Some(last) = sorted.len().checked_sub(1) else {
        return f64::NAN;
    };
    let position = share * last as f64;
    let below = position.floor() as usize;
    let above = (below + 1).min(last);
    sorted[below] + (sorted[above] - sorted[below]) * (position - below as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_numpys() {
        // numpy.percentile([1, 2, 4, 8, 16], [0, 10, 50, 90, 100])
        let values = [1.0, 2.0, 4.0, 8.0, 16.0];
        let got = [0.0, 0.1, 0.5, 0.9, 1.0].map(|share| percentile(&values, share));
        for (got, want) in got.into_iter().zip([1.0, 1.4, 4.0, 12.8, 16.0]) {
            assert!((got - want).abs() < 1e-12, "{got} for {want}");
        }
        assert!(percentile(&[], 0.5).is_nan());
    }

    #[test]
    fn the_order_of_the_runs_does_not_matter() {
        let runs: Vec<f64> = (1..=200).map(f64::from).collect();
        let reversed = runs.iter().rev().copied().collect();
        let latency = Latency::of(1, runs);
        assert_eq!(latency, Latency::of(1, reversed));
        assert!(latency.p50 < latency.p90 && latency.p95 < latency.p99);
        assert_eq!((latency.mean, latency.max), (100.5, 200.0));
    }
}
