//! Random rotation, translation, scale and shear.

use contract::Preprocessing;
use rand::Rng;
use serde::{Deserialize, Serialize};

use crate::error::OutOfRange;
use crate::imaging::{self, InverseAffine};
use crate::random::{symmetric, uniform};
use crate::range::{check, ordered};
use crate::{Image, Interpolation, RandomTransform};

/// Rotates, moves, scales and shears the image about its centre: torchvision's
/// `RandomAffine` on PIL images.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Affine {
    /// How often, 0 to 1; default 1.
    pub probability: f64,
    /// Largest rotation either way in degrees, 0 to 180; default 0.
    pub degrees: f64,
    /// Furthest shift to each side, `[horizontal, vertical]`, as shares of width
    /// and height, 0 to 1; default 0.
    pub translate: [f64; 2],
    /// Smallest and largest scale, 0.01 to 100; default 1 to 1.
    pub scale: [f64; 2],
    /// Largest shear either way, `[horizontal, vertical]` in degrees, 0 to below
    /// 90; default 0.
    pub shear: [f64; 2],
    /// `nearest` (default) or `bilinear`.
    pub interpolation: Interpolation,
    /// Red, green and blue of what the image does not cover; default black.
    pub fill: [u8; 3],
}

impl Default for Affine {
    fn default() -> Self {
        Self {
            probability: 1.0,
            degrees: 0.0,
            translate: [0.0; 2],
            scale: [1.0; 2],
            shear: [0.0; 2],
            interpolation: Interpolation::default(),
            fill: [0; 3],
        }
    }
}

/// What torchvision's `affine` takes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct AffineParameters {
    /// Rotation in degrees, clockwise.
    pub angle: f64,
    /// Shift to the right and down in pixels.
    pub translate: [f64; 2],
    /// Scale, above 0.
    pub scale: f64,
    /// Horizontal and vertical shear in degrees.
    pub shear: [f64; 2],
}

impl RandomTransform for Affine {
    const KIND: &'static str = "affine";
    type Parameters = AffineParameters;

    fn probability(&self) -> f64 {
        self.probability
    }

    fn validate(&self) -> Result<(), OutOfRange> {
        let within =
            |values: [f64; 2], limit: f64| values.iter().all(|value| (0.0..=limit).contains(value));
        check(
            (0.0..=180.0).contains(&self.degrees),
            "degrees",
            self.degrees,
            "0 to 180",
        )?;
        check(
            within(self.translate, 1.0),
            "translate",
            self.translate,
            "two shares of 0 to 1",
        )?;
        check(
            ordered(self.scale, 0.01..=100.0),
            "scale",
            self.scale,
            "a smaller and a larger scale of 0.01 to 100",
        )?;
        check(
            within(self.shear, 89.0),
            "shear",
            self.shear,
            "two angles of 0 to 89 degrees",
        )
    }

    fn sample(
        &self,
        [height, width]: [usize; 2],
        _network: &Preprocessing,
        rng: &mut impl Rng,
    ) -> AffineParameters {
        let angle = symmetric(self.degrees, rng);
        let [horizontal, vertical] = self.translate;
        let translate = [horizontal * width as f64, vertical * height as f64]
            .map(|furthest| symmetric(furthest, rng).round_ties_even());
        AffineParameters {
            angle,
            translate,
            scale: uniform(self.scale, rng),
            shear: self.shear.map(|largest| symmetric(largest, rng)),
        }
    }

    fn apply(&self, image: Image, parameters: &AffineParameters) -> Image {
        let centre = [image.width, image.height].map(|side| side as f64 * 0.5);
        let inverse = inverse(centre, parameters);
        imaging::transform(&image, inverse, self.interpolation, self.fill)
    }
}

/// `_get_inverse_affine_matrix` of torchvision's `transforms/functional.py`;
/// `centre` is the fixed point `(x, y)` of rotation, scale and shear.
pub(super) fn inverse([x, y]: [f64; 2], parameters: &AffineParameters) -> InverseAffine {
    let angle = parameters.angle.to_radians();
    let [shear_x, shear_y] = parameters.shear.map(f64::to_radians);
    // Rotation, scale and shear of the image, without the scale.
    let a = (angle - shear_y).cos() / shear_y.cos();
    let b = -(angle - shear_y).cos() * shear_x.tan() / shear_y.cos() - angle.sin();
    let c = (angle - shear_y).sin() / shear_y.cos();
    let d = -(angle - shear_y).sin() * shear_x.tan() / shear_y.cos() + angle.cos();
    // The way back. The determinant is 1.
    let [a, b, c, d] = [d, -b, -c, a].map(|value| value / parameters.scale);
    let [from_x, from_y] = [-x - parameters.translate[0], -y - parameters.translate[1]];
    [
        a,
        b,
        a * from_x + b * from_y + x,
        c,
        d,
        c * from_x + d * from_y + y,
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::image_rng;
    use crate::testing::network;

    #[test]
    fn draws_keep_to_their_ranges_and_reach_them() {
        let affine = Affine {
            degrees: 30.0,
            translate: [0.1, 0.2],
            scale: [0.5, 2.0],
            shear: [10.0, 5.0],
            ..Affine::default()
        };
        affine.validate().unwrap();
        let mut rng = image_rng(0, 0, 0, 0);
        let draws: Vec<_> = (0..5000)
            .map(|_| affine.sample([50, 100], &network(), &mut rng))
            .collect();
        let extent = |value: &dyn Fn(&AffineParameters) -> f64, expected: [f64; 2]| {
            let low = draws.iter().map(value).fold(f64::INFINITY, f64::min);
            let high = draws.iter().map(value).fold(f64::NEG_INFINITY, f64::max);
            let slack = 0.01 * (expected[1] - expected[0]);
            assert!(low >= expected[0] && low < expected[0] + slack, "{low}");
            assert!(high <= expected[1] && high > expected[1] - slack, "{high}");
        };
        extent(&|draw| draw.angle, [-30.0, 30.0]);
        extent(&|draw| draw.translate[0], [-10.0, 10.0]);
        extent(&|draw| draw.translate[1], [-10.0, 10.0]);
        extent(&|draw| draw.scale, [0.5, 2.0]);
        extent(&|draw| draw.shear[0], [-10.0, 10.0]);
        extent(&|draw| draw.shear[1], [-5.0, 5.0]);
    }

    #[test]
    fn the_default_changes_nothing() {
        let affine = Affine::default();
        let image = Image::new([4, 5], (0..60).collect());
        let parameters = affine.sample([4, 5], &network(), &mut image_rng(0, 0, 0, 0));
        assert_eq!(affine.apply(image.clone(), &parameters), image);
    }

    #[test]
    fn ranges_are_checked() {
        let default = Affine::default;
        for (affine, key) in [
            (
                Affine {
                    degrees: -1.0,
                    ..default()
                },
                "degrees",
            ),
            (
                Affine {
                    translate: [0.0, 1.5],
                    ..default()
                },
                "translate",
            ),
            (
                Affine {
                    scale: [0.0, 1.0],
                    ..default()
                },
                "scale",
            ),
            (
                Affine {
                    shear: [90.0, 0.0],
                    ..default()
                },
                "shear",
            ),
        ] {
            assert_eq!(affine.validate().unwrap_err().key, key);
        }
    }
}
