//! Stochastic depth (Huang et al. 2016), by sample as in EfficientNet.

use burn::{
    module::{Flag, Module, Param},
    tensor::{Distribution, Tensor},
};

/// Drops the residual branch of whole samples while training.
#[derive(Module, Debug)]
pub struct StochasticDepth {
    probability: f64,
    training: Param<Flag>,
}

impl StochasticDepth {
    /// `probability` of dropping the branch, in `[0, 1)`.
    pub(super) fn new(probability: f64) -> Self {
        Self {
            probability,
            training: Param::from_bool(true),
        }
    }

    /// Kept samples are scaled by `1 / (1 - probability)`, so that nothing is
    /// to be done at inference.
    ///
    /// # Shapes
    /// - branch and output: `[batch, channels, height, width]`
    pub fn forward(&self, branch: Tensor<4>) -> Tensor<4> {
        let device = branch.device();
        if self.probability == 0.0 || !device.is_autodiff() || !self.training.is_enabled() {
            return branch;
        }
        let [batch, ..] = branch.dims();
        let keep = 1.0 - self.probability;
        let mask =
            Tensor::<4>::random([batch, 1, 1, 1], Distribution::Bernoulli(keep), &device) / keep;
        branch * mask
    }
}
