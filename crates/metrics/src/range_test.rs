//! The learning-rate range test.

/// Share of the average so far in the next one.
const BETA: f64 = 0.98;
/// A loss this many times the best one has left the valley.
const DIVERGED: f64 = 4.0;
/// Points at the end that no suggestion is drawn from.
const LEFT_OUT: usize = 5;

/// A learning-rate range test (L. Smith, "Cyclical learning rates for training
/// neural networks", 2017): the rate grows exponentially from step to step, and
/// where the loss falls well is a good one. Smoothing, stop and suggestions are
/// those of fastai's `lr_find`.
///
/// ```
/// let mut test = metrics::RangeTest::new(1e-6, 1.0, 100);
/// while let Some(rate) = test.next_rate() {
///     // One training step at `rate`, which gave this loss:
///     test.add(2.0 + (rate.log10() + 2.5).powi(2) / 10.0);
/// }
/// let rate = test.valley().expect("the loss fell");
/// assert!((1e-4..1e-2).contains(&rate));
/// ```
#[derive(Clone, Debug)]
pub struct RangeTest {
    start: f64,
    end: f64,
    steps: usize,
    /// Exponential moving average, without its correction.
    average: f64,
    /// The lowest smoothed loss so far.
    best: f64,
    points: Vec<(f64, f64)>,
}

impl RangeTest {
    /// A test of `steps` steps whose rate grows from `start` towards `end`
    /// (fastai's defaults are 1e-7, 10 and 100 steps).
    ///
    /// # Panics
    /// Unless `0 < start < end` and both are finite.
    pub fn new(start: f64, end: f64, steps: usize) -> Self {
        assert!(
            0.0 < start && start < end && end.is_finite(),
            "learning rates from {start} to {end}"
        );
        Self {
            start,
            end,
            steps,
            average: 0.0,
            best: f64::INFINITY,
            points: Vec::new(),
        }
    }

    /// The learning rate of the next step, or `None` if the test is over: all
    /// steps are done, the smoothed loss is more than four times its best, or
    /// a loss was not finite.
    pub fn next_rate(&self) -> Option<f64> {
        let diverged = self
            .points
            .last()
            .is_some_and(|&(_, smoothed)| !smoothed.is_finite() || smoothed > DIVERGED * self.best);
        let progress = self.points.len() as f64 / self.steps as f64;
        let is_over = diverged || self.points.len() >= self.steps;
        (!is_over).then(|| self.start * (self.end / self.start).powf(progress))
    }

    /// Takes in the loss of the step at [`next_rate`](Self::next_rate).
    ///
    /// # Panics
    /// If the test is over.
    pub fn add(&mut self, loss: f64) {
        let Some(rate) = self.next_rate() else {
            panic!("a loss after the range test was over");
        };
        self.average = loss + BETA * (self.average - loss);
        // The average began at 0, which counts for less and less.
        let weight = 1.0 - BETA.powf((self.points.len() + 1) as f64);
        let smoothed = self.average / weight;
        self.best = self.best.min(smoothed);
        self.points.push((rate, smoothed));
    }

    /// Learning rate and smoothed loss of each step so far; a last loss that
    /// was not finite is among them.
    pub fn points(&self) -> &[(f64, f64)] {
        &self.points
    }

    /// The middle of the longest stretch over which the loss falls: fastai's
    /// default suggestion. `None` if the test ended too soon.
    pub fn valley(&self) -> Option<f64> {
        let points = self.judged();
        // For each point the longest falling subsequence that ends there.
        let mut lengths: Vec<usize> = vec![1; points.len()];
        let (mut start, mut end) = (0, 0);
        for i in 1..points.len() {
            for j in 0..i {
                if points[i].1 < points[j].1 {
                    lengths[i] = lengths[i].max(lengths[j] + 1);
                }
            }
            if lengths[i] > lengths[end] {
                end = i;
                start = end as isize - lengths[end] as isize;
            }
        }
        let third = (end as isize - start) as f64 / 3.0;
        let index = start + third as isize + (third / 2.0) as isize;
        points.get(index.max(0) as usize).map(|point| point.0)
    }

    /// Where the loss falls fastest over the logarithm of the rate, the first of
    /// equals. `None` if the test ended too soon.
    pub fn steep(&self) -> Option<f64> {
        let slope =
            |pair: &[(f64, f64)]| (pair[1].1 - pair[0].1) / (pair[1].0.ln() - pair[0].0.ln());
        let pairs = self.judged().windows(2);
        let steepest = pairs.min_by(|one, other| slope(one).total_cmp(&slope(other)));
        steepest.map(|pair| pair[0].0)
    }

    /// The points that suggestions are drawn from: without the first tenth and
    /// the last five of those that fastai would have, which goes on after NaN
    /// and leaves out all from there.
    fn judged(&self) -> &[(f64, f64)] {
        let found = self.points.len();
        let end = match self.points.last() {
            Some((_, smoothed)) if smoothed.is_nan() => {
                self.steps.saturating_sub(LEFT_OUT).min(found - 1)
            }
            _ => found.saturating_sub(LEFT_OUT),
        };
        self.points.get(self.steps / 10..end).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tested(steps: usize, loss: impl Fn(f64) -> f64) -> RangeTest {
        let mut test = RangeTest::new(1e-7, 10.0, steps);
        while let Some(rate) = test.next_rate() {
            test.add(loss(rate));
        }
        test
    }

    #[test]
    fn a_loss_that_is_not_finite_ends_the_test() {
        for loss in [f64::NAN, f64::INFINITY] {
            let test = tested(100, |rate| if rate > 0.1 { loss } else { 1.0 });
            let (finite, last) = test.points().split_at(test.points().len() - 1);
            assert!(
                finite
                    .iter()
                    .all(|point| point.0 <= 0.1 && point.1.is_finite())
            );
            assert!(last[0].0 > 0.1 && !last[0].1.is_finite());
        }
    }

    #[test]
    fn a_test_that_ended_too_soon_suggests_nothing() {
        for steps in [0, 1, 5, 6] {
            let test = tested(steps, |_| 1.0);
            assert_eq!(test.points().len(), steps);
            assert_eq!(test.steep(), None);
        }
        assert_eq!(tested(5, |_| 1.0).valley(), None);
        let test = tested(100, |_| f64::NAN);
        assert_eq!(test.points().len(), 1);
        assert_eq!((test.valley(), test.steep()), (None, None));
    }

    #[test]
    #[should_panic(expected = "after the range test was over")]
    fn losses_after_the_end_are_a_mistake() {
        tested(10, |_| 1.0).add(1.0);
    }
}
