//! Pillow's conversion to HSV and back, and torchvision's `adjust_hue`.

use multiversion::multiversion;

use crate::image::{CHANNELS, Image};

/// torchvision's `adjust_hue` on a PIL image: turns the hue by `factor` of a
/// circle, -0.5 to 0.5, between conversions to Pillow's HSV bytes and back
/// (which alone moves colours by a few levels: factor 0 is not the identity).
pub(crate) fn adjust_hue(image: &mut Image, factor: f64) {
    // Cut to a whole number of 255ths; a negative turn wraps around.
    turn_hue(image.colours_mut(), (factor * 255.0) as i32 as u8);
}

#[multiversion(targets("x86_64+avx2"))]
fn turn_hue(pixels: &mut [[u8; CHANNELS]], turn: u8) {
    for pixel in pixels {
        let [hue, saturation, value] = to_hsv(*pixel);
        *pixel = to_rgb([hue.wrapping_add(turn), saturation, value]);
    }
}

/// `rgb2hsv_row` of `src/libImaging/Convert.c`.
#[inline(always)]
fn to_hsv([red, green, blue]: [u8; CHANNELS]) -> [u8; CHANNELS] {
    let highest = red.max(green).max(blue);
    let lowest = red.min(green).min(blue);
    if highest == lowest {
        return [0, 0, highest];
    }
    let range = f32::from(highest - lowest);
    let saturation = range / f32::from(highest);
    let [from_red, from_green, from_blue] =
        [red, green, blue].map(|byte| f32::from(highest - byte) / range);
    // In double precision from the first whole number on, then cut to single.
    let offset = |base: f64, from: f32, to: f32| (base + f64::from(from) - f64::from(to)) as f32;
    let sixths = if red == highest {
        from_blue - from_green
    } else if green == highest {
        offset(2.0, from_red, from_blue)
    } else {
        offset(4.0, from_green, from_red)
    };
    let turns = f64::from(sixths) / 6.0 + 1.0;
    let hue = (turns - turns.floor()) as f32;
    [
        (f64::from(hue) * 255.0) as u8,
        (f64::from(saturation) * 255.0) as u8,
        highest,
    ]
}

/// `hsv2rgb` of `src/libImaging/Convert.c`.
#[inline(always)]
fn to_rgb([hue, saturation, value]: [u8; CHANNELS]) -> [u8; CHANNELS] {
    if saturation == 0 {
        return [value; CHANNELS];
    }
    let sixths = f64::from(hue) * 6.0 / 255.0;
    let sector = sixths.floor();
    let rest = (sixths - sector) as f32;
    let saturation = (f64::from(saturation) / 255.0) as f32;
    // The single and double precision is the C code's.
    let level = |loss: f64| (f64::from(value) * (1.0 - loss)).round() as u8;
    let lowest = level(f64::from(saturation));
    let falling = level(f64::from(saturation * rest));
    let rising = level(f64::from(saturation) * (1.0 - f64::from(rest)));
    match sector as u8 % 6 {
        0 => [value, rising, lowest],
        1 => [falling, value, lowest],
        2 => [lowest, value, rising],
        3 => [lowest, falling, value],
        4 => [rising, lowest, value],
        _ => [value, lowest, falling],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pure_colours_turn_by_thirds() {
        assert_eq!(to_hsv([255, 0, 0]), [0, 255, 255]);
        assert_eq!(to_hsv([0, 255, 0]), [85, 255, 255]);
        assert_eq!(to_hsv([0, 0, 255]), [170, 255, 255]);
        let mut image = Image::new([1, 1], vec![255, 0, 0]);
        adjust_hue(&mut image, 1.0 / 3.0);
        assert_eq!(image.pixels, [0, 255, 0]);
        adjust_hue(&mut image, -1.0 / 3.0);
        assert_eq!(image.pixels, [255, 0, 0]);
    }

    #[test]
    fn grey_stays() {
        let image = Image::filled([2, 2], [90; 3]);
        let mut turned = image.clone();
        adjust_hue(&mut turned, 0.4);
        assert_eq!(turned, image);
    }
}
