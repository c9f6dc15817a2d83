//! MBConv: the inverted residual block with squeeze-and-excitation.

use burn::{
    module::Module,
    tensor::{Device, FloatDType, Tensor, activation::silu},
};
use pretrained::Family;

use super::{
    conv_norm::{ConvNorm, ConvNormConfig},
    squeeze_excitation::SqueezeExcitation,
    stochastic_depth::StochasticDepth,
};

/// Configuration of one [`MbConv`] block.
#[derive(Debug, Clone, PartialEq)]
pub struct MbConvConfig {
    /// Channels of the block's input.
    pub channels_in: usize,
    /// Channels of the block's output.
    pub channels_out: usize,
    /// Factor by which the depthwise part is wider than the input.
    pub expansion: usize,
    /// Side of the depthwise kernel, 3 or 5.
    pub kernel: usize,
    /// Stride of the depthwise convolution, 1 or 2.
    pub stride: usize,
    /// Stochastic-depth probability of this block.
    pub drop_probability: f64,
    /// Padding and batch-norm epsilon.
    pub family: Family,
}

impl MbConvConfig {
    /// Channels of the depthwise part.
    pub fn expanded(&self) -> usize {
        self.channels_in * self.expansion
    }

    /// Channels in the middle of squeeze-and-excitation: a quarter of the
    /// block's input.
    pub fn squeezed(&self) -> usize {
        (self.channels_in / 4).max(1)
    }

    /// Whether the 1x1 expansion exists (it does not in the first stage).
    pub fn expands(&self) -> bool {
        self.expansion != 1
    }

    /// Whether the input is added to the output.
    pub fn has_residual(&self) -> bool {
        self.stride == 1 && self.channels_in == self.channels_out
    }

    /// Builds the block with fresh weights on `device`.
    pub fn init(&self, device: &Device) -> MbConv {
        let expanded = self.expanded();
        MbConv {
            expand: self.expands().then(|| {
                ConvNormConfig::pointwise(self.channels_in, expanded, self.family).init(device)
            }),
            depthwise: ConvNormConfig {
                channels_in: expanded,
                channels_out: expanded,
                kernel: self.kernel,
                stride: self.stride,
                groups: expanded,
                family: self.family,
            }
            .init(device),
            squeeze_excitation: SqueezeExcitation::new(expanded, self.squeezed(), device),
            project: ConvNormConfig::pointwise(expanded, self.channels_out, self.family)
                .init(device),
            stochastic_depth: self
                .has_residual()
                .then(|| StochasticDepth::new(self.drop_probability)),
        }
    }
}

/// Expansion, depthwise convolution, squeeze-and-excitation, projection.
#[derive(Module, Debug)]
pub struct MbConv {
    pub(super) expand: Option<ConvNorm>,
    pub(super) depthwise: ConvNorm,
    pub(super) squeeze_excitation: SqueezeExcitation,
    pub(super) project: ConvNorm,
    /// Present where the block has a residual connection.
    pub(super) stochastic_depth: Option<StochasticDepth>,
}

impl MbConv {
    /// `dtype` as in [`ConvNorm::forward`].
    ///
    /// # Shapes
    /// - input: `[batch, channels_in, height, width]`
    /// - output: `[batch, channels_out, ceil(height / stride), ceil(width / stride)]`
    pub fn forward(&self, input: Tensor<4>, dtype: FloatDType) -> Tensor<4> {
        let expanded = match &self.expand {
            Some(expand) => silu(expand.forward(input.clone(), dtype)),
            None => input.clone(),
        };
        let features = silu(self.depthwise.forward(expanded, dtype));
        let gated = self.squeeze_excitation.forward(features);
        let branch = self.project.forward(gated, dtype);
        match &self.stochastic_depth {
            Some(stochastic_depth) => input + stochastic_depth.forward(branch),
            None => branch,
        }
    }
}
