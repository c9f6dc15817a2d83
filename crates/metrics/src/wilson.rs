//! How far a share of a sample can be trusted, by formula.

use crate::{CONFIDENCE_LEVEL, Estimate};

/// Standard normal quantile of [`CONFIDENCE_LEVEL`], two-sided.
const Z: f64 = 1.959_963_984_540_054;
const _: () = assert!(CONFIDENCE_LEVEL == 0.95);

/// The share of `hits` among `images` with its score interval (Wilson 1927), which holds its
/// level for few images and for shares near 0 and 1 too. Without images: anything.
pub fn wilson_interval(hits: u64, images: u64) -> Estimate {
    if images == 0 {
        return Estimate {
            value: 0.0,
            low: 0.0,
            high: 1.0,
        };
    }
    let n = images as f64;
    let share = hits as f64 / n;
    let centre = share + Z * Z / (2.0 * n);
    let reach = Z * (share * (1.0 - share) / n + Z * Z / (4.0 * n * n)).sqrt();
    let scale = 1.0 + Z * Z / n;
    Estimate {
        value: share,
        // Without hits, or with nothing else, the ends are 0 and 1 up to rounding.
        low: if hits == 0 {
            0.0
        } else {
            (centre - reach) / scale
        },
        high: if hits == images {
            1.0
        } else {
            (centre + reach) / scale
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_images_say_nothing() {
        let interval = wilson_interval(0, 0);
        assert_eq!((interval.low, interval.high), (0.0, 1.0));
    }

    #[test]
    fn the_ends_are_shares() {
        for images in 1..40 {
            for hits in 0..=images {
                let Estimate { value, low, high } = wilson_interval(hits, images);
                assert!(0.0 <= low && low <= value && value <= high && high <= 1.0);
            }
        }
    }
}
