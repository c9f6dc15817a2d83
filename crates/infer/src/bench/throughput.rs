//! Images a second with all sessions busy.

use std::num::NonZero;
use std::thread;
use std::time::{Duration, Instant};

use serde::Serialize;

use super::latency::percentile;
use super::{memory, pattern};
use crate::{Classifier, InferError};

/// One point of the grid.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Throughput {
    /// Images a run.
    pub batch_size: usize,
    /// Sessions that ran at the same time.
    pub sessions: usize,
    /// Threads inside each session.
    pub threads: usize,
    /// Median over the rounds.
    pub images_per_second: f64,
    /// Fastest less slowest round, as a share of the median.
    pub spread: f64,
    /// Largest resident memory of the process in bytes, since these sessions
    /// were opened.
    pub peak_memory: Option<u64>,
}

impl Throughput {
    /// From the images a second of each round.
    pub(super) fn new(batch_size: usize, sessions: usize, threads: usize, rounds: &[f64]) -> Self {
        let mut sorted = rounds.to_vec();
        sorted.sort_by(f64::total_cmp);
        let at = |share| percentile(&sorted, share);
        Self {
            batch_size,
            sessions,
            threads,
            images_per_second: at(0.5),
            spread: (at(1.0) - at(0.0)) / at(0.5),
            peak_memory: memory::peak(),
        }
    }
}

/// Runs all sessions for `time` a round, after one run each that does not
/// count; gives each round's images a second.
pub(super) fn measure(
    classifier: &Classifier,
    batch_size: usize,
    time: Duration,
    rounds: NonZero<usize>,
) -> Result<Vec<f64>, InferError> {
    let pixels = pattern(classifier, batch_size);
    round(classifier, &pixels, Duration::ZERO)?;
    (0..rounds.get())
        .map(|_| {
            let (runs, seconds) = round(classifier, &pixels, time)?;
            Ok((runs * batch_size) as f64 / seconds)
        })
        .collect()
}

/// Runs a thread a session until `time` is over, at least once; gives the
/// number of runs and the seconds until the last one ended.
fn round(
    classifier: &Classifier,
    pixels: &[u8],
    time: Duration,
) -> Result<(usize, f64), InferError> {
    let start = Instant::now();
    let runs = thread::scope(|scope| {
        let work = || {
            let mut runs = 0;
            while runs == 0 || start.elapsed() < time {
                classifier.run(pixels)?;
                runs += 1;
            }
            Ok::<usize, InferError>(runs)
        };
        let workers: Vec<_> = (0..classifier.sessions())
            .map(|_| scope.spawn(work))
            .collect();
        let mut runs = 0;
        for worker in workers {
            runs += worker
                .join()
                .unwrap_or_else(|panic| std::panic::resume_unwind(panic))?;
        }
        Ok::<usize, InferError>(runs)
    })?;
    Ok((runs, start.elapsed().as_secs_f64()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_point_is_the_median_of_its_rounds_and_their_spread() {
        let point = Throughput::new(4, 2, 1, &[90.0, 110.0, 100.0]);
        assert_eq!(point.images_per_second, 100.0);
        assert_eq!(point.spread, 0.2);
    }
}
