//! Squeeze-and-excitation (Hu et al. 2018).

use burn::{
    module::Module,
    nn::conv::{Conv2d, Conv2dConfig},
    tensor::{
        Device, Tensor,
        activation::{sigmoid, silu},
        module::adaptive_avg_pool2d,
    },
};

/// Scales every channel by a weight computed from the channels' means.
#[derive(Module, Debug)]
pub struct SqueezeExcitation {
    reduce: Conv2d,
    expand: Conv2d,
}

impl SqueezeExcitation {
    /// `channels` are those of the input, `squeezed` those in between.
    pub(super) fn new(channels: usize, squeezed: usize, device: &Device) -> Self {
        Self {
            reduce: Conv2dConfig::new([channels, squeezed], [1, 1]).init(device),
            expand: Conv2dConfig::new([squeezed, channels], [1, 1]).init(device),
        }
    }

    /// The two 1x1 convolutions.
    pub(super) fn layers(&self) -> (&Conv2d, &Conv2d) {
        (&self.reduce, &self.expand)
    }

    /// # Shapes
    /// - input and output: `[batch, channels, height, width]`
    pub fn forward(&self, input: Tensor<4>) -> Tensor<4> {
        let squeezed = adaptive_avg_pool2d(input.clone(), [1, 1]);
        let scale = sigmoid(self.expand.forward(silu(self.reduce.forward(squeezed))));
        input * scale
    }
}
