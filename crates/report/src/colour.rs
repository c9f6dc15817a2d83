//! The colour scale of the confusion matrix.

use plotters::style::RGBColor;

/// From white for 0 through blue for 0.5 to dark blue for 1, along two
/// straight and equally long lines through Oklab (Björn Ottosson, "A
/// perceptual color space for image processing", 2020): equal steps of `share`
/// look equally large. `share` is clamped to `[0, 1]`.
pub(crate) fn of_share(share: f64) -> RGBColor {
    const WHITE: [f64; 3] = [1.0, 0.0, 0.0];
    const BLUE: [f64; 3] = [0.671_93, -0.045, -0.115];
    /// #08306b, the dark end of ColorBrewer's "Blues".
    const DARK_BLUE: [f64; 3] = [0.322_23, -0.021_24, -0.109_81];
    let t = 2.0 * share.clamp(0.0, 1.0);
    let (from, to, t) = if t < 1.0 {
        (WHITE, BLUE, t)
    } else {
        (BLUE, DARK_BLUE, t - 1.0)
    };
    from_oklab([0, 1, 2].map(|i| from[i] + t * (to[i] - from[i])))
}

/// Whether text on [`of_share`]`(share)` has to be white.
pub(crate) fn is_dark(share: f64) -> bool {
    share > 0.55
}

fn from_oklab([l, a, b]: [f64; 3]) -> RGBColor {
    let long = (l + 0.396_337_777_4 * a + 0.215_803_757_3 * b).powi(3);
    let medium = (l - 0.105_561_345_8 * a - 0.063_854_172_8 * b).powi(3);
    let short = (l - 0.089_484_177_5 * a - 1.291_485_548_0 * b).powi(3);
    let channel = |linear: f64| {
        let encoded = if linear <= 0.003_130_8 {
            12.92 * linear
        } else {
            1.055 * linear.powf(1.0 / 2.4) - 0.055
        };
        (encoded * 255.0).round().clamp(0.0, 255.0) as u8
    };
    RGBColor(
        channel(4.076_741_662_1 * long - 3.307_711_591_3 * medium + 0.230_969_929_2 * short),
        channel(-1.268_438_004_6 * long + 2.609_757_401_1 * medium - 0.341_319_396_5 * short),
        channel(-0.004_196_086_3 * long - 0.703_418_614_7 * medium + 1.707_614_701_0 * short),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn from_white_to_dark_blue() {
        assert_eq!(of_share(0.0), RGBColor(255, 255, 255));
        let RGBColor(r, g, b) = of_share(1.0);
        for (got, expected) in [(r, 0x08_u8), (g, 0x30), (b, 0x6b)] {
            assert!(got.abs_diff(expected) <= 2, "#{r:02x}{g:02x}{b:02x}");
        }
        assert_eq!(of_share(f64::INFINITY), of_share(1.0));
    }

    #[test]
    fn gets_darker_in_every_step() {
        let luminance = |share: f64| {
            let RGBColor(r, g, b) = of_share(share);
            0.2126 * f64::from(r) + 0.7152 * f64::from(g) + 0.0722 * f64::from(b)
        };
        for percent in 0..100 {
            let share = f64::from(percent) / 100.0;
            assert!(luminance(share) > luminance(share + 0.01), "{share}");
        }
    }
}
