//! Ranges and ticks of an axis.

use std::ops::Range;

/// What an axis shows: its range, and ticks at round numbers within it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Axis {
    pub(crate) range: Range<f64>,
    pub(crate) ticks: Vec<f64>,
    step: f64,
}

impl Axis {
    /// For epochs: ticks only at whole numbers, half an epoch of room around
    /// a single one.
    pub(crate) fn of_epochs(values: impl Iterator<Item = f64>) -> Self {
        let (low, high) = bounds(values).unwrap_or((0.0, 1.0));
        let room = ((high - low) * 0.03).max(0.5 * f64::from(u8::from(low == high)));
        Self::new(low - room..high + room, 16.0, 1.0)
    }

    /// For losses, accuracies and the like: a little room around the values,
    /// starting at 0 rather than below it when no value is negative.
    pub(crate) fn of_values(values: impl Iterator<Item = f64>) -> Self {
        let (low, high) = bounds(values).unwrap_or((0.0, 1.0));
        let (span, largest) = (high - low, low.abs().max(high.abs()));
        // As good as equal: room that is not lost in rounding.
        let room = if span > largest * 1e-3 {
            span * 0.06
        } else {
            (largest * 0.1).max(1e-3)
        };
        let start = if low >= 0.0 {
            (low - room).max(0.0)
        } else {
            low - room
        };
        Self::new(start..high + room, 9.0, 0.0)
    }

    /// At most about `most` ticks, `least_step` or more apart.
    fn new(range: Range<f64>, most: f64, least_step: f64) -> Self {
        let step = round_up((range.end - range.start) / most).max(least_step);
        let first = (range.start / step).ceil();
        let count = ((range.end / step).floor() - first).max(-1.0) as usize + 1;
        let ticks = (0..count).map(|i| (first + i as f64) * step).collect();
        Self { range, ticks, step }
    }

    /// Where `value` lies in the range: 0 at its start, 1 at its end.
    pub(crate) fn position(&self, value: f64) -> f64 {
        (value - self.range.start) / (self.range.end - self.range.start)
    }

    /// The label of a tick, with as many decimals as tell it from its neighbours.
    pub(crate) fn label(&self, tick: f64) -> String {
        let largest = self.range.start.abs().max(self.range.end.abs());
        if largest >= 1e6 || self.step < 1e-6 {
            let decimals = (largest / self.step).log10().ceil().max(0.0) as usize;
            return format!("{tick:.decimals$e}");
        }
        let decimals = (-(self.step * 1.000_001).log10().floor()).max(0.0) as usize;
        // Not "-0".
        format!("{:.decimals$}", if tick == 0.0 { 0.0 } else { tick })
    }
}

fn bounds(values: impl Iterator<Item = f64>) -> Option<(f64, f64)> {
    values.fold(None, |bounds, x| {
        let (low, high) = bounds.unwrap_or((x, x));
        Some((low.min(x), high.max(x)))
    })
}

/// The next of 1, 2, 5, 10, 20, 50 … (and 0.5, 0.2, 0.1 …).
fn round_up(step: f64) -> f64 {
    let magnitude = 10_f64.powf(step.log10().floor());
    let factor = [1.0, 2.0, 5.0]
        .into_iter()
        .find(|factor| factor * magnitude >= step * 0.999_999);
    factor.unwrap_or(10.0) * magnitude
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(axis: &Axis) -> Vec<String> {
        axis.ticks.iter().map(|&tick| axis.label(tick)).collect()
    }

    #[test]
    fn epochs_have_whole_ticks() {
        let axis = Axis::of_epochs([1.0, 2.0, 3.0].into_iter());
        assert_eq!(labels(&axis), ["1", "2", "3"]);
        let axis = Axis::of_epochs([1.0, 100.0].into_iter());
        assert_eq!(labels(&axis)[..3], ["0", "10", "20"]);
    }

    #[test]
    fn one_epoch_is_in_the_middle() {
        let axis = Axis::of_epochs([1.0].into_iter());
        assert_eq!(axis.range, 0.5..1.5);
        assert_eq!(labels(&axis), ["1"]);
    }

    #[test]
    fn values_have_round_ticks() {
        let axis = Axis::of_values([0.31, 0.87].into_iter());
        assert_eq!(
            labels(&axis),
            ["0.3", "0.4", "0.5", "0.6", "0.7", "0.8", "0.9"]
        );
        let axis = Axis::of_values([0.0, 4.6].into_iter());
        assert_eq!(axis.range.start, 0.0);
        assert_eq!(labels(&axis)[0], "0");
    }

    #[test]
    fn odd_values_still_give_an_axis() {
        for values in [
            vec![],
            vec![0.0],
            vec![1e9],
            vec![-1e-9],
            vec![1.0, 1.0 + 1e-15],
            vec![-3e38, 3e38],
            vec![1e8, 1.002e8],
            vec![0.0, 1e-12],
        ] {
            let axis = Axis::of_values(values.iter().copied());
            assert!(axis.range.start < axis.range.end, "{values:?}: {axis:?}");
            assert!((1..20).contains(&axis.ticks.len()), "{values:?}: {axis:?}");
            let mut labels = labels(&axis);
            labels.dedup();
            assert_eq!(labels.len(), axis.ticks.len(), "{values:?}: {labels:?}");
        }
    }
}
