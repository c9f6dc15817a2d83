//! Normalisation as a scale and a shift per channel.

use super::{Moments, Norm};
use crate::simd::assert_shapes;

/// What a normalisation divides by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Statistics {
    /// Mean and variance of the batch, as in training.
    Batch,
    /// The running statistics, as in inference or with frozen statistics.
    Running,
}

/// A batch normalisation ready to be applied: `y * scale + shift`.
///
/// # Shapes
/// - all: `[channels]`
#[derive(Debug, Clone)]
pub struct Normalisation {
    /// `weight / sqrt(variance + epsilon)`.
    pub scale: Vec<f32>,
    /// `bias - mean * scale`.
    pub shift: Vec<f32>,
    /// The mean that is taken off.
    pub mean: Vec<f32>,
    /// `1 / sqrt(variance + epsilon)`.
    pub inverse_deviation: Vec<f32>,
    /// Positions that the mean is taken over; `None` if it does not depend on
    /// the batch.
    pub count: Option<usize>,
}

impl Normalisation {
    /// By the batch's own moments or by the running statistics.
    ///
    /// # Panics
    /// If the parameters are not of as many channels as the moments.
    pub fn new(norm: Norm<'_>, statistics: Statistics, moments: &Moments) -> Self {
        let parameters = [
            norm.weight,
            norm.bias,
            norm.running_mean,
            norm.running_variance,
        ];
        assert_shapes(moments.mean.len(), &[], &parameters);
        let (mean, variance, count) = match statistics {
            Statistics::Batch => (&*moments.mean, &*moments.variance, Some(moments.count)),
            Statistics::Running => (norm.running_mean, norm.running_variance, None),
        };
        let inverse_deviation: Vec<f32> = variance
            .iter()
            .map(|variance| 1.0 / (variance + norm.epsilon).sqrt())
            .collect();
        let scale: Vec<f32> = norm
            .weight
            .iter()
            .zip(&inverse_deviation)
            .map(|(weight, inverse)| weight * inverse)
            .collect();
        let shift = norm
            .bias
            .iter()
            .zip(mean.iter().zip(&scale))
            .map(|(bias, (mean, scale))| bias - mean * scale)
            .collect();
        Self {
            scale,
            shift,
            mean: mean.to_vec(),
            inverse_deviation,
            count,
        }
    }
}
