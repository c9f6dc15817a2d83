//! mixup.

use multiversion::multiversion;
use rand::Rng;
use rand_distr::{Beta, Distribution};

use super::pairs;
use crate::Image;

/// Weighted means of two images each (Zhang et al., "mixup: Beyond Empirical
/// Risk Minimization", 2018).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Mixup {
    /// Weight of the image itself, 0 to 1; its partner has the rest.
    pub lambda: f64,
}

impl Mixup {
    /// Draws the weight from Beta(`alpha`, `alpha`).
    ///
    /// # Panics
    /// If `alpha` is not above 0.
    pub fn sample(alpha: f64, rng: &mut impl Rng) -> Self {
        Self {
            lambda: draw_lambda(alpha, rng),
        }
    }

    /// Mixes the images of a batch, all of one size, and rounds to bytes.
    ///
    /// # Panics
    /// If the images differ in size.
    pub fn apply(&self, images: &mut [Image]) {
        for (one, other) in pairs(images) {
            assert_eq!(one.size(), other.size(), "sizes of mixed images");
            mix(&mut one.pixels, &mut other.pixels, self.lambda as f32);
        }
    }
}

/// A share drawn from Beta(`alpha`, `alpha`).
pub(super) fn draw_lambda(alpha: f64, rng: &mut impl Rng) -> f64 {
    Beta::new(alpha, alpha)
        .expect("alpha is above 0")
        .sample(rng)
}

#[multiversion(targets("x86_64+avx2"))]
fn mix(one: &mut [u8], other: &mut [u8], lambda: f32) {
    let rest = 1.0 - lambda;
    for (one, other) in one.iter_mut().zip(other) {
        let (a, b) = (f32::from(*one), f32::from(*other));
        *one = (a * lambda + b * rest).round_ties_even() as u8;
        *other = (b * lambda + a * rest).round_ties_even() as u8;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::image_rng;

    #[test]
    fn both_partners_keep_their_own_weight() {
        let mut images: Vec<_> = [0, 100, 200]
            .map(|level| Image::filled([1, 1], [level; 3]))
            .into();
        Mixup { lambda: 0.75 }.apply(&mut images);
        let levels: Vec<u8> = images.iter().map(|image| image.pixels[0]).collect();
        assert_eq!(levels, [50, 100, 150]);
    }

    #[test]
    fn weights_have_the_distribution_s_mean_and_variance() {
        let mut rng = image_rng(0, 0, 0, 0);
        for alpha in [0.2, 1.0, 4.0] {
            let draws: Vec<f64> = (0..10_000)
                .map(|_| Mixup::sample(alpha, &mut rng).lambda)
                .collect();
            assert!(draws.iter().all(|lambda| (0.0..=1.0).contains(lambda)));
            let mean = draws.iter().sum::<f64>() / 1e4;
            let variance = draws.iter().map(|l| (l - mean).powi(2)).sum::<f64>() / 1e4;
            // Beta(a, a): mean 1/2, variance 1 / (4 (2 a + 1)).
            assert!((mean - 0.5).abs() < 0.03, "{alpha}: {mean}");
            let expected = 1.0 / (4.0 * (2.0 * alpha + 1.0));
            assert!((variance - expected).abs() < 0.01, "{alpha}: {variance}");
        }
    }
}
