//! Checks of the values in a recipe.

use std::fmt::Debug;
use std::ops::RangeInclusive;

use crate::error::OutOfRange;

/// `Err` with what was wrong, unless `holds`.
pub(crate) fn check(
    holds: bool,
    key: &'static str,
    value: impl Debug,
    range: &'static str,
) -> Result<(), OutOfRange> {
    if holds {
        Ok(())
    } else {
        Err(OutOfRange {
            key,
            value: format!("{value:?}"),
            range,
        })
    }
}

/// Checks a probability.
pub(crate) fn probability(key: &'static str, value: f64) -> Result<(), OutOfRange> {
    check((0.0..=1.0).contains(&value), key, value, "0 to 1")
}

/// Whether `[low, high]` is ordered and within `limits`.
pub(crate) fn ordered([low, high]: [f64; 2], limits: RangeInclusive<f64>) -> bool {
    low <= high && limits.contains(&low) && limits.contains(&high)
}
