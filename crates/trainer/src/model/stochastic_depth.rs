//! Stochastic depth (Huang et al. 2016), by sample as in EfficientNet.

use burn::{
    module::{Flag, Module, Param},
    tensor::{Device, Distribution, Tensor},
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

    /// What the branch of every sample is multiplied with: nothing for a
    /// dropped one, `1 / (1 - probability)` for a kept one, so that nothing is
    /// to be done at inference. `None`: all branches stay as they are.
    ///
    /// # Shapes
    /// - output: `[batch, 1, 1, 1]`
    pub(super) fn factors(&self, batch: usize, device: &Device) -> Option<Tensor<4>> {
        if self.probability == 0.0 || !device.is_autodiff() || !self.training.is_enabled() {
            return None;
        }
        let keep = 1.0 - self.probability;
        let kept = Tensor::random([batch, 1, 1, 1], Distribution::Bernoulli(keep), device);
        Some(kept / keep)
    }

    /// # Shapes
    /// - branch and output: `[batch, channels, height, width]`
    pub fn forward(&self, branch: Tensor<4>) -> Tensor<4> {
        match self.factors(branch.dims()[0], &branch.device()) {
            Some(factors) => branch * factors,
            None => branch,
        }
    }
}
