//! The network: stem, stages of MBConv blocks, head.

use burn::{
    module::Module,
    nn::{Dropout, DropoutConfig, Initializer, Linear, LinearConfig},
    tensor::{DType, Device, Tensor, activation::silu, module::adaptive_avg_pool2d},
};

use super::{
    EfficientNetConfig, MbConv,
    conv_norm::{ConvNorm, ConvNormConfig},
};

/// EfficientNet (Tan and Le 2019) with a head of global average pooling,
/// dropout and one linear layer.
#[derive(Module, Debug)]
pub struct EfficientNet {
    pub(super) stem: ConvNorm,
    pub(super) stages: Vec<Vec<MbConv>>,
    pub(super) head: ConvNorm,
    pub(super) dropout: Dropout,
    pub(super) classifier: Linear,
}

impl EfficientNet {
    pub(super) fn new(config: &EfficientNetConfig, device: &Device) -> Self {
        let stem = ConvNormConfig {
            channels_in: 3,
            channels_out: config.stem_channels(),
            kernel: 3,
            stride: 2,
            groups: 1,
            family: config.family,
        };
        let stages = config.stages();
        let last = stages
            .last()
            .and_then(|stage| stage.last())
            .map_or(config.stem_channels(), |block| block.channels_out);
        let features = config.head_channels();
        Self {
            stem: stem.init(device),
            stages: stages
                .iter()
                .map(|blocks| blocks.iter().map(|block| block.init(device)).collect())
                .collect(),
            head: ConvNormConfig::pointwise(last, features, config.family).init(device),
            dropout: DropoutConfig::new(config.dropout).init(),
            // Small and centred: the first logits are near zero, the first loss near ln(classes).
            classifier: LinearConfig::new(features, config.classes)
                .with_initializer(Initializer::Normal {
                    mean: 0.0,
                    std: 0.01,
                })
                .init(device),
        }
    }

    /// Convolves in the number format of `images`; everything else is in float32.
    ///
    /// # Shapes
    /// - images: `[batch, 3, height, width]`, normalised
    /// - output: logits `[batch, classes]`, in float32
    ///
    /// The one place that decides who computes: the operators of this project
    /// where the device runs them (in float32), else burn's.
    pub fn forward(&self, images: Tensor<4>) -> Tensor<2> {
        if operators::supports(&images.device()) && images.dtype() == DType::F32 {
            let features = self.features_channels_last(images);
            self.classify(features)
        } else {
            self.forward_composed(images)
        }
    }

    /// [`forward`](Self::forward) by burn's own operators, on any device.
    pub fn forward_composed(&self, images: Tensor<4>) -> Tensor<2> {
        let dtype = images.dtype().into();
        let mut features = silu(self.stem.forward(images, dtype));
        for block in self.stages.iter().flatten() {
            features = block.forward(features, dtype);
        }
        let features = silu(self.head.forward(features, dtype));
        self.classify(adaptive_avg_pool2d(features, [1, 1]).flatten(1, 3))
    }
}
