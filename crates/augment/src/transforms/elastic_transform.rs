//! Elastic deformation.

use contract::Preprocessing;
use rand::{Rng, RngExt};
use serde::{Deserialize, Serialize};

use crate::error::OutOfRange;
use crate::imaging::{GaussianFilter, affine_through, remap, to_position, warp_affine};
use crate::random::symmetric;
use crate::range::check;
use crate::{Image, RandomTransform};

/// A random affine map of three points, then a random displacement of every
/// pixel, smoothed: albumentations' `ElasticTransform` up to 1.3 (after Simard,
/// Steinkraus and Platt, "Best Practices for Convolutional Neural Networks
/// applied to Visual Document Analysis", 2003), bilinear with
/// `BORDER_REFLECT_101`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ElasticTransform {
    /// How often, 0 to 1; default 0.5.
    pub probability: f64,
    /// Strength of the displacement: pixels that a constant one of 1 would move;
    /// 0 to 10 000, default 1.
    pub alpha: f64,
    /// Standard deviation in pixels of the Gaussian that smooths the
    /// displacement; above 0 to 1000, default 50.
    pub sigma: f64,
    /// Furthest that each of the affine map's points moves in each direction, in
    /// pixels; 0 to 10 000, default 50.
    pub alpha_affine: f64,
}

impl Default for ElasticTransform {
    fn default() -> Self {
        Self {
            probability: 0.5,
            alpha: 1.0,
            sigma: 50.0,
            alpha_affine: 50.0,
        }
    }
}

/// The noise that deforms one image.
#[derive(Clone, Debug, PartialEq)]
pub struct ElasticParameters {
    /// How far the affine map moves its three points, `(x, y)` in pixels.
    pub point_shifts: [[f32; 2]; 3],
    /// Horizontal displacement before smoothing, `[height, width]`, -1 to 1.
    pub x_noise: Vec<f32>,
    /// Vertical displacement before smoothing, `[height, width]`, -1 to 1.
    pub y_noise: Vec<f32>,
}

impl RandomTransform for ElasticTransform {
    const KIND: &'static str = "elastic_transform";
    type Parameters = ElasticParameters;

    fn probability(&self) -> f64 {
        self.probability
    }

    fn validate(&self) -> Result<(), OutOfRange> {
        for (key, value) in [("alpha", self.alpha), ("alpha_affine", self.alpha_affine)] {
            let holds = (0.0..=10_000.0).contains(&value);
            check(holds, key, value, "0 to 10000")?;
        }
        let holds = self.sigma > 0.0 && self.sigma <= 1000.0;
        check(holds, "sigma", self.sigma, "above 0 to 1000")
    }

    fn sample(
        &self,
        [height, width]: [usize; 2],
        _network: &Preprocessing,
        rng: &mut impl Rng,
    ) -> ElasticParameters {
        let point_shifts =
            [[(); 2]; 3].map(|point| point.map(|()| symmetric(self.alpha_affine, rng) as f32));
        let mut noise = || {
            let value = |_| 2.0 * rng.random::<f32>() - 1.0;
            (0..height * width).map(value).collect()
        };
        ElasticParameters {
            point_shifts,
            x_noise: noise(),
            y_noise: noise(),
        }
    }

    fn apply(&self, image: Image, parameters: &ElasticParameters) -> Image {
        let size = image.size();
        let points = points(size);
        let mut moved = points;
        for (point, shift) in moved.iter_mut().zip(parameters.point_shifts) {
            *point = [point[0] + shift[0], point[1] + shift[1]];
        }
        let warped = if points[0] == points[2] {
            // Too small an image for three different points.
            image
        } else {
            warp_affine(&image, affine_through(points, moved))
        };
        let smooth = GaussianFilter::new(size, self.sigma);
        let [x, y] = [&parameters.x_noise, &parameters.y_noise].map(|noise| smooth.apply(noise));
        let alpha = self.alpha as f32;
        remap(&warped, |row, column| {
            let at = row * size[1] + column;
            (
                to_position(column as f32 + alpha * x[at]),
                to_position(row as f32 + alpha * y[at]),
            )
        })
    }
}

/// The points of the affine map. albumentations takes half the height as an x
/// and half the width as a y; so does this.
fn points([height, width]: [usize; 2]) -> [[f32; 2]; 3] {
    let [x, y] = [height / 2, width / 2].map(|half| half as f32);
    let third = (height.min(width) / 3) as f32;
    [
        [x + third, y + third],
        [x + third, y - third],
        [x - third, y - third],
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::image_rng;
    use crate::testing::network;

    #[test]
    fn noise_keeps_its_limits() {
        let elastic = ElasticTransform::default();
        let parameters = elastic.sample([20, 30], &network(), &mut image_rng(0, 0, 0, 0));
        assert_eq!(parameters.x_noise.len(), 600);
        assert_eq!(parameters.y_noise.len(), 600);
        let noise = || parameters.x_noise.iter().chain(&parameters.y_noise);
        assert!(noise().all(|value| (-1.0..=1.0).contains(value)));
        // 1200 uniform values: the mean's standard deviation is 0.017.
        assert!((noise().sum::<f32>() / 1200.0).abs() < 0.1);
        let mut shifts = parameters.point_shifts.into_iter().flatten();
        assert!(shifts.all(|shift| (-50.0..=50.0).contains(&shift)));
    }

    #[test]
    fn without_strength_nothing_changes() {
        let elastic = ElasticTransform {
            alpha: 0.0,
            alpha_affine: 0.0,
            ..ElasticTransform::default()
        };
        for size in [[1, 1], [2, 5], [9, 8]] {
            let bytes = 0..size[0] * size[1] * 3;
            let image = Image::new(size, bytes.map(|byte| byte as u8).collect());
            let parameters = elastic.sample(size, &network(), &mut image_rng(0, 0, 0, 0));
            assert_eq!(elastic.apply(image.clone(), &parameters), image);
        }
    }
}
