//! MBConv, the inverted residual block with squeeze-and-excitation (Sandler
//! et al. 2018, Tan and Le 2019), as one operator.
//!
//! Three activations are kept for the backward pass: the outputs of the three
//! convolutions, before their normalisation. Everything else is computed again
//! from them, a tile at a time, when it is read.

mod backward;
mod forward;
mod project;

use crate::{
    Buffer, Norm, NormGradient, Normalisation, Shape, SqueezeExcitation, SqueezeExcitationGradient,
    Window, squeeze_excitation::Gates,
};

/// A bias-free convolution and the batch normalisation after it.
#[derive(Debug, Clone, Copy)]
pub struct ConvNorm<'a> {
    /// The convolution's weights, in PyTorch's order.
    pub weights: &'a [f32],
    /// The normalisation.
    pub norm: Norm<'a>,
}

/// Gradients of a [`ConvNorm`].
#[derive(Debug, Clone, PartialEq)]
pub struct ConvNormGradient {
    /// Of the convolution's weights.
    pub weights: Vec<f32>,
    /// Of the normalisation.
    pub norm: NormGradient,
}

/// A block: its parameters and how it works.
///
/// # Shapes
/// - expand: `[expanded, channels_in]`
/// - depthwise: `[expanded, kernel, kernel]`
/// - project: `[channels_out, expanded]`
#[derive(Debug, Clone, Copy)]
pub struct MbConv<'a> {
    /// The 1x1 expansion; `None` where the depthwise part is as wide as the input.
    pub expand: Option<ConvNorm<'a>>,
    /// The depthwise convolution.
    pub depthwise: ConvNorm<'a>,
    /// Window of the depthwise convolution.
    pub window: Window,
    /// The gates.
    pub squeeze_excitation: SqueezeExcitation<'a>,
    /// The 1x1 projection.
    pub project: ConvNorm<'a>,
    /// Whether the input is added to the output.
    pub residual: bool,
    /// Factor of the branch for every image, `[batch]`: stochastic depth (Huang
    /// et al. 2016) makes it zero, or more than one. `None`: all one.
    pub branch_factors: Option<&'a [f32]>,
}

/// Mean and biased variance of the batch at every normalisation, for the
/// running statistics.
#[derive(Debug, Clone, PartialEq)]
pub struct MbConvMoments {
    /// After the expansion.
    pub expand: Option<crate::Moments>,
    /// After the depthwise convolution.
    pub depthwise: crate::Moments,
    /// After the projection.
    pub project: crate::Moments,
}

/// What the backward pass needs of the forward pass.
#[derive(Debug)]
pub struct MbConvSaved {
    expand: Option<Normalised>,
    depthwise: Normalised,
    gates: Gates,
    project: Normalised,
    branch_factors: Vec<f32>,
}

/// The output of a convolution and its normalisation.
#[derive(Debug)]
struct Normalised {
    output: Buffer,
    norm: Normalisation,
}

/// Gradients of a block's parameters.
#[derive(Debug, Clone, PartialEq)]
pub struct MbConvGradient {
    /// Of the expansion.
    pub expand: Option<ConvNormGradient>,
    /// Of the depthwise convolution.
    pub depthwise: ConvNormGradient,
    /// Of the gates' layers.
    pub squeeze_excitation: SqueezeExcitationGradient,
    /// Of the projection.
    pub project: ConvNormGradient,
}

impl MbConv<'_> {
    fn expanded(&self) -> usize {
        self.depthwise.norm.bias.len()
    }

    fn channels_out(&self) -> usize {
        self.project.norm.bias.len()
    }

    /// The shape that the block makes of `input`.
    pub fn output(&self, input: Shape) -> Shape {
        self.window.output(input).with_channels(self.channels_out())
    }
}
