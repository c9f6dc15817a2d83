//! Upscaled pixels that lie on a rounding half.
//!
//! The upscale is rounded to whole levels, as OpenCV's is. Where a value with its
//! [`TIE_BIAS`] lies within float noise of a half, the host and the graph may round it to
//! neighbouring levels, and both are right: the logits of such a picture may
//! differ by what that level is worth to the network.

use contract::{
    Preprocessing,
    preprocess::{TIE_BIAS, cubic_matrix},
};

/// How far float noise can move a value: two ulps at 255.
const NOISE: f64 = 3e-5;

/// Whether an upscaled pixel of the HWC picture of `input` (height, width)
/// lies on a rounding half, give or take float noise.
pub(super) fn has_ties(pixels: &[u8], input: [usize; 2], preprocessing: &Preprocessing) -> bool {
    let network = [preprocessing.height, preprocessing.width];
    input != network
        && (0..3).any(|channel| {
            upscale(pixels, channel, input, network)
                .into_iter()
                .map(|value| value + f64::from(TIE_BIAS))
                .any(|value| (value - value.floor() - 0.5).abs() < NOISE)
        })
}

/// One channel upscaled in double precision, row by row, before rounding.
fn upscale(
    pixels: &[u8],
    channel: usize,
    [height, width]: [usize; 2],
    [network_height, network_width]: [usize; 2],
) -> Vec<f64> {
    let rows = cubic_matrix(height, network_height);
    let columns = cubic_matrix(width, network_width);
    let wide: Vec<f64> = (0..height)
        .flat_map(|y| (0..network_width).map(move |x| (y, x)))
        .map(|(y, x)| {
            let pixel = |source| f64::from(pixels[(y * width + source) * 3 + channel]);
            dot(&columns[x * width..][..width], pixel)
        })
        .collect();
    (0..network_height)
        .flat_map(|y| (0..network_width).map(move |x| (y, x)))
        .map(|(y, x)| {
            dot(&rows[y * height..][..height], |source| {
                wide[source * network_width + x]
            })
        })
        .collect()
}

fn dot(weights: &[f32], value: impl Fn(usize) -> f64) -> f64 {
    let terms = weights.iter().enumerate();
    terms
        // Four weights of a row are not zero.
        .filter(|(_, weight)| **weight != 0.0)
        .map(|(source, weight)| f64::from(*weight) * value(source))
        .sum()
}

#[cfg(test)]
mod tests {
    use contract::Resize;

    use super::*;

    fn preprocessing(size: usize) -> Preprocessing {
        Preprocessing {
            resize: Resize::OpencvCubic,
            height: size,
            width: size,
            scale: 1.0,
            mean: [0.0; 3],
            std: [1.0; 3],
        }
    }

    #[test]
    fn a_flat_picture_has_no_ties() {
        assert!(!has_ties(&[7; 8 * 8 * 3], [8, 8], &preprocessing(24)));
        assert!(!has_ties(&[7; 8 * 8 * 3], [8, 8], &preprocessing(8)));
    }

    /// Exact halves are what the bias is for: they are no ties any more, and
    /// values that lie the bias below a half are.
    #[test]
    fn the_bias_moves_ties_off_exact_halves() {
        // One edge, twice the size: 128 * 27/256 = 13.5.
        let mut pixels = [0; 4 * 4 * 3];
        for row in pixels.chunks_mut(4 * 3) {
            row[6..].fill(128);
        }
        let values = upscale(&pixels, 0, [4, 4], [8, 8]);
        assert!(
            values.iter().any(|value| value.fract().abs() == 0.5),
            "{values:?}"
        );
        assert!(!has_ties(&pixels, [4, 4], &preprocessing(8)));
    }
}
