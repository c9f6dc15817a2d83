//! Ticks that are equally far apart.

use std::ops::Range;

use super::Tick;

/// Range and ticks around whole numbers.
pub(super) fn whole_numbers((low, high): (f64, f64)) -> (Range<f64>, Vec<Tick>) {
    let room = ((high - low) * 0.03).max(0.5 * f64::from(u8::from(low == high)));
    with_ticks(low - room..high + room, 16.0, 1.0)
}

/// Range and ticks around any numbers.
pub(super) fn values((low, high): (f64, f64)) -> (Range<f64>, Vec<Tick>) {
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
    with_ticks(start..high + room, 9.0, 0.0)
}

/// At most about `most` ticks, `least_step` or more apart.
fn with_ticks(range: Range<f64>, most: f64, least_step: f64) -> (Range<f64>, Vec<Tick>) {
    let step = round_up((range.end - range.start) / most).max(least_step);
    let first = (range.start / step).ceil();
    let count = ((range.end / step).floor() - first).max(-1.0) as usize + 1;
    let largest = range.start.abs().max(range.end.abs());
    let tick = |i| {
        let value = (first + i as f64) * step;
        Tick {
            value,
            label: label(value, step, largest),
        }
    };
    let ticks = (0..count).map(tick).collect();
    (range, ticks)
}

/// A number with as many decimals as tell it from its neighbours `step` away.
fn label(value: f64, step: f64, largest: f64) -> String {
    if largest >= 1e6 || step < 1e-6 {
        let decimals = (largest / step).log10().ceil().max(0.0) as usize;
        return format!("{value:.decimals$e}");
    }
    let decimals = (-(step * 1.000_001).log10().floor()).max(0.0) as usize;
    // Not "-0".
    format!("{:.decimals$}", if value == 0.0 { 0.0 } else { value })
}

/// The next of 1, 2, 5, 10, 20, 50 … (and 0.5, 0.2, 0.1 …).
fn round_up(step: f64) -> f64 {
    let magnitude = 10_f64.powf(step.log10().floor());
    let factor = [1.0, 2.0, 5.0]
        .into_iter()
        .find(|factor| factor * magnitude >= step * 0.999_999);
    factor.unwrap_or(10.0) * magnitude
}
