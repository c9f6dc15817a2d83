//! Convolution followed by batch normalisation, the unit that everything is made of.

use burn::{
    module::Module,
    nn::{
        BatchNorm, BatchNormConfig, Initializer, PaddingConfig2d,
        conv::{Conv2d, Conv2dConfig},
    },
    tensor::{Device, FloatDType, Tensor},
};
use pretrained::{Family, Padding};

/// Configuration of a [`ConvNorm`].
#[derive(Debug, Clone)]
pub(super) struct ConvNormConfig {
    pub channels_in: usize,
    pub channels_out: usize,
    pub kernel: usize,
    pub stride: usize,
    pub groups: usize,
    pub family: Family,
}

impl ConvNormConfig {
    /// A dense 1x1 convolution.
    pub fn pointwise(channels_in: usize, channels_out: usize, family: Family) -> Self {
        Self {
            channels_in,
            channels_out,
            kernel: 1,
            stride: 1,
            groups: 1,
            family,
        }
    }

    pub fn init(&self, device: &Device) -> ConvNorm {
        let half = self.kernel / 2;
        let padding = match self.family.padding {
            // At stride 1 an odd kernel pads the same on both sides either way.
            Padding::Same if self.stride > 1 => PaddingConfig2d::Same,
            _ => PaddingConfig2d::Explicit(half, half, half, half),
        };
        let conv = Conv2dConfig::new(
            [self.channels_in, self.channels_out],
            [self.kernel, self.kernel],
        )
        .with_stride([self.stride, self.stride])
        .with_groups(self.groups)
        .with_padding(padding)
        .with_bias(false)
        // Fan-out, as the reference implementation initialises convolutions.
        .with_initializer(Initializer::KaimingNormal {
            gain: std::f64::consts::SQRT_2,
            fan_out_only: true,
        })
        .init(device);
        let norm = BatchNormConfig::new(self.channels_out)
            .with_epsilon(self.family.bn_epsilon)
            .init(device);
        ConvNorm { conv, norm }
    }
}

/// Bias-free convolution and batch normalisation.
#[derive(Module, Debug)]
pub struct ConvNorm {
    pub(super) conv: Conv2d,
    pub(super) norm: BatchNorm,
}

impl ConvNorm {
    /// Convolves in `dtype` and normalises in float32. Depthwise convolutions are computed in
    /// float32 whatever `dtype` is: burn 0.22 sums their weights' gradients in the format of the
    /// images, where sums over 10^5 pixels lose most of their digits in bfloat16 (70 to 92 % off at
    /// 112 px); and what is around them is in float32 anyway.
    ///
    /// # Shapes
    /// - input: `[batch, channels_in, height, width]`
    /// - output: `[batch, channels_out, ceil(height / stride), ceil(width / stride)]`,
    ///   in float32
    pub fn forward(&self, input: Tensor<4>, dtype: FloatDType) -> Tensor<4> {
        self.norm.forward(self.convolve(input, dtype))
    }

    /// The weights stay what they are, in float32: what is cast is a copy on the
    /// tape, whose gradient is cast back.
    fn convolve(&self, input: Tensor<4>, dtype: FloatDType) -> Tensor<4> {
        if dtype == FloatDType::F32 || self.conv.groups > 1 {
            return self.conv.forward(input);
        }
        let mut conv = self.conv.clone();
        conv.weight = conv.weight.map(|weight| weight.cast(dtype));
        conv.forward(input.cast(dtype)).cast(FloatDType::F32)
    }
}
