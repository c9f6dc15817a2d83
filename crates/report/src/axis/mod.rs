//! Ranges and ticks of an axis.

mod linear;
mod logarithmic;

use std::ops::Range;

/// What an axis shows: its range, and ticks at round numbers within it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Axis {
    pub(crate) ticks: Vec<Tick>,
    range: Range<f64>,
    scale: Scale,
}

/// A labelled place on an axis.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Tick {
    pub(crate) value: f64,
    pub(crate) label: String,
}

/// What kind of numbers an axis is for.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Scale {
    /// Epochs and steps: ticks only at whole numbers, half a one of room around
    /// a single one.
    WholeNumbers,
    /// Losses, accuracies and the like: a little room around the values, starting
    /// at 0 rather than below it when no value is negative.
    Values,
    /// Positive numbers of any magnitude, at least one power of ten of them.
    Logarithmic,
}

impl Scale {
    /// Whether an axis can show `value`: finite, and far enough from the limits of
    /// `f64` that an axis around it is.
    pub(crate) fn shows(self, value: f64) -> bool {
        let largest = f64::from(f32::MAX);
        match self {
            Self::WholeNumbers | Self::Values => value.abs() <= largest,
            Self::Logarithmic => (largest.recip()..=largest).contains(&value),
        }
    }

    /// The axis for `values`, all of which it [`shows`](Self::shows).
    pub(crate) fn axis(self, values: impl Iterator<Item = f64>) -> Axis {
        let bounds = values.fold(None, |bounds, x| {
            let (low, high) = bounds.unwrap_or((x, x));
            Some((low.min(x), high.max(x)))
        });
        let (range, ticks) = match self {
            Self::WholeNumbers => linear::whole_numbers(bounds.unwrap_or((0.0, 1.0))),
            Self::Values => linear::values(bounds.unwrap_or((0.0, 1.0))),
            Self::Logarithmic => logarithmic::positive(bounds.unwrap_or((0.1, 1.0))),
        };
        Axis {
            ticks,
            range,
            scale: self,
        }
    }
}

impl Axis {
    /// Where `value` lies in the range: 0 at its start, 1 at its end.
    pub(crate) fn position(&self, value: f64) -> f64 {
        let Range { start, end } = self.range;
        match self.scale {
            Scale::WholeNumbers | Scale::Values => (value - start) / (end - start),
            Scale::Logarithmic => (value / start).ln() / (end / start).ln(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn axis(scale: Scale, values: &[f64]) -> (Axis, Vec<String>) {
        assert!(values.iter().all(|&value| scale.shows(value)));
        let axis = scale.axis(values.iter().copied());
        let labels = axis.ticks.iter().map(|tick| tick.label.clone()).collect();
        (axis, labels)
    }

    #[test]
    fn epochs_have_whole_ticks() {
        let (_, labels) = axis(Scale::WholeNumbers, &[1.0, 2.0, 3.0]);
        assert_eq!(labels, ["1", "2", "3"]);
        let (_, labels) = axis(Scale::WholeNumbers, &[1.0, 100.0]);
        assert_eq!(labels[..3], ["0", "10", "20"]);
    }

    #[test]
    fn one_epoch_is_in_the_middle() {
        let (axis, labels) = axis(Scale::WholeNumbers, &[1.0]);
        assert_eq!(axis.position(1.0), 0.5);
        assert_eq!(labels, ["1"]);
    }

    #[test]
    fn values_have_round_ticks() {
        let (_, labels) = axis(Scale::Values, &[0.31, 0.87]);
        assert_eq!(labels, ["0.3", "0.4", "0.5", "0.6", "0.7", "0.8", "0.9"]);
        let (axis, labels) = axis(Scale::Values, &[0.0, 4.6]);
        assert_eq!(axis.position(0.0), 0.0);
        assert_eq!(labels[0], "0");
    }

    #[test]
    fn learning_rates_have_powers_of_ten() {
        let (rates, labels) = axis(Scale::Logarithmic, &[1e-7, 10.0]);
        assert_eq!(
            labels,
            [
                "1e-7", "1e-6", "1e-5", "1e-4", "1e-3", "0.01", "0.1", "1", "10"
            ]
        );
        let middle = (rates.position(1e-4) + rates.position(1e-2)) / 2.0;
        assert!((rates.position(1e-3) - middle).abs() < 1e-9);
        let (_, labels) = axis(Scale::Logarithmic, &[2e-4, 3e-3]);
        assert_eq!(labels, ["2e-4", "5e-4", "1e-3", "2e-3"]);
        // A constant rate lies in the middle of a power of ten.
        let (rates, labels) = axis(Scale::Logarithmic, &[1e-3]);
        assert!((rates.position(1e-3) - 0.5).abs() < 1e-9);
        assert_eq!(labels, ["5e-4", "1e-3", "2e-3"]);
    }

    #[test]
    fn odd_values_still_give_an_axis() {
        for (scale, values) in [
            (Scale::Values, vec![]),
            (Scale::Values, vec![0.0]),
            (Scale::Values, vec![1e9]),
            (Scale::Values, vec![-1e-9]),
            (Scale::Values, vec![1.0, 1.0 + 1e-15]),
            (Scale::Values, vec![-3e38, 3e38]),
            (Scale::Values, vec![1e8, 1.002e8]),
            (Scale::Values, vec![0.0, 1e-12]),
            (Scale::Logarithmic, vec![]),
            (Scale::Logarithmic, vec![1.0, 1.0 + 1e-15]),
            (Scale::Logarithmic, vec![3e-38, 3e38]),
            (Scale::Logarithmic, vec![9.9e-5, 1.01e-2]),
        ] {
            let (axis, mut labels) = axis(scale, &values);
            for &value in &values {
                let position = axis.position(value);
                assert!((0.0..=1.0).contains(&position), "{values:?}: {axis:?}");
            }
            assert!((1..20).contains(&labels.len()), "{values:?}: {axis:?}");
            labels.dedup();
            assert_eq!(labels.len(), axis.ticks.len(), "{values:?}: {labels:?}");
        }
    }

    #[test]
    fn what_an_axis_cannot_show_is_known() {
        assert!(!Scale::Values.shows(f64::NAN) && !Scale::Values.shows(1e300));
        assert!(Scale::Values.shows(0.0) && !Scale::Logarithmic.shows(0.0));
        assert!(!Scale::Logarithmic.shows(-1.0) && !Scale::Logarithmic.shows(f64::INFINITY));
    }
}
