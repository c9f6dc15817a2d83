//! Ticks at powers of ten, and between them where there is room.

use std::ops::Range;

use super::Tick;

/// More powers of ten than these have no ticks between them.
const FINE: f64 = 3.0;
/// About the most ticks of a coarse axis.
const MOST: f64 = 12.0;

/// Range and ticks around positive numbers: a little room beside them, and
/// never less than one power of ten.
pub(super) fn positive((low, high): (f64, f64)) -> (Range<f64>, Vec<Tick>) {
    let (low, high) = (low.log10(), high.log10());
    let room = ((high - low) * 0.03).max((1.0 - (high - low)) / 2.0);
    let (start, end) = (low - room, high + room);
    let powers = end - start;
    let between: &[f64] = if powers <= FINE {
        &[1.0, 2.0, 5.0]
    } else {
        &[1.0]
    };
    let every = (powers / MOST).ceil() as usize;
    let range = 10_f64.powf(start)..10_f64.powf(end);
    let ticks = (start.floor() as i32..=end.floor() as i32)
        .step_by(every)
        .flat_map(|power| between.iter().map(move |factor| (*factor, power)))
        // Parsed, as a product of powers of ten would not be the nearest number.
        .filter_map(|(factor, power)| format!("{factor}e{power}").parse().ok())
        .filter(|value| range.contains(value))
        .map(|value| Tick {
            value,
            label: label(value),
        })
        .collect();
    (range, ticks)
}

/// The shortest spelling of a round number.
fn label(value: f64) -> String {
    if (1e-2..1e5).contains(&value) {
        format!("{value}")
    } else {
        format!("{value:e}")
    }
}
