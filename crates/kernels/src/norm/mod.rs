//! Batch normalisation (Ioffe and Szegedy 2015).
//!
//! Normalising is a scale and a shift per channel, and so is its gradient once
//! two sums are known. Neither is ever stored: what follows applies it to the
//! convolution's output while it reads that, and the backward pass does so again.

mod affine;
mod apply;
mod gradient;
mod moments;

pub use affine::{Normalisation, Statistics};
pub use gradient::NormGradient;
pub use gradient::{GradientSums, InputGradient};
pub use moments::{Moments, TileMoments};

/// A batch normalisation's parameters and running statistics.
///
/// # Shapes
/// - all: `[channels]`
#[derive(Debug, Clone, Copy)]
pub struct Norm<'a> {
    /// Scale, gamma.
    pub weight: &'a [f32],
    /// Shift, beta.
    pub bias: &'a [f32],
    /// Mean over the training so far.
    pub running_mean: &'a [f32],
    /// Variance over the training so far.
    pub running_variance: &'a [f32],
    /// Added to the variance.
    pub epsilon: f32,
}
