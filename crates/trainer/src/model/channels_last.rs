//! The forward pass through the `operators` crate, channels last, where the
//! device runs it. The modules and their parameters are the same; only who
//! computes differs.

use burn::{
    nn::{BatchNorm, PaddingConfig2d, conv::Conv2d},
    tensor::Tensor,
};
use operators::{
    BatchMoments, MbConvOptions, NormOptions, Padding, SqueezeExcitation, Statistics, Window,
};

use super::{EfficientNet, MbConv, conv_norm::ConvNorm};

impl EfficientNet {
    /// [`forward`](EfficientNet::forward) up to the pooled features.
    ///
    /// # Shapes
    /// - images: `[batch, 3, height, width]`, normalised
    /// - output: `[batch, features]`
    pub(super) fn features_channels_last(&self, images: Tensor<4>) -> Tensor<2> {
        let training = images.device().is_autodiff();
        let stem = &self.stem;
        let (mut features, moments) = operators::stem(
            images,
            stem.operands(),
            window(&stem.conv),
            stem.norm_options(training),
        );
        stem.update_statistics(training, moments);
        for block in self.stages.iter().flatten() {
            features = block.forward_channels_last(features, training);
        }
        let head = &self.head;
        let (features, moments) =
            operators::head(features, head.operands(), head.norm_options(training));
        head.update_statistics(training, moments);
        features
    }
}

impl MbConv {
    /// # Shapes
    /// - input: `[batch, height, width, channels_in]`
    /// - output: `[batch, ceil(height / stride), ceil(width / stride), channels_out]`
    fn forward_channels_last(&self, input: Tensor<4>, training: bool) -> Tensor<4> {
        let branch_factors = self
            .stochastic_depth
            .as_ref()
            .and_then(|depth| depth.factors(input.dims()[0], &input.device()))
            .map(|factors| factors.into_data().iter::<f32>().collect());
        let (reduce, expand) = self.squeeze_excitation.layers();
        let block = operators::MbConv {
            expand: self.expand.as_ref().map(ConvNorm::operands),
            depthwise: self.depthwise.operands(),
            squeeze_excitation: SqueezeExcitation {
                reduce: reduce.weight.val(),
                reduce_bias: bias(reduce),
                expand: expand.weight.val(),
                expand_bias: bias(expand),
            },
            project: self.project.operands(),
        };
        let options = MbConvOptions {
            window: window(&self.depthwise.conv),
            residual: self.stochastic_depth.is_some(),
            branch_factors,
            norm: self.depthwise.norm_options(training),
        };
        let (output, moments) = operators::mbconv(input, block, options);
        if let (Some(expand), Some(moments)) = (&self.expand, moments.expand) {
            expand.update_statistics(training, moments);
        }
        self.depthwise
            .update_statistics(training, moments.depthwise);
        self.project.update_statistics(training, moments.project);
        output
    }
}

impl ConvNorm {
    fn operands(&self) -> operators::ConvNorm {
        let norm = &self.norm;
        let weights = self.conv.weight.val();
        let device = weights.device();
        operators::ConvNorm {
            weights,
            gamma: norm.gamma.val(),
            beta: norm.beta.val(),
            running_mean: norm.running_mean.value().to_device(&device),
            running_variance: norm.running_var.value().to_device(&device),
        }
    }

    fn norm_options(&self, training: bool) -> NormOptions {
        NormOptions {
            epsilon: self.norm.epsilon as f32,
            statistics: match uses_batch_statistics(&self.norm, training) {
                true => Statistics::Batch,
                false => Statistics::Running,
            },
        }
    }

    /// As burn's `BatchNorm::forward` does it.
    fn update_statistics(&self, training: bool, moments: BatchMoments) {
        let norm = &self.norm;
        if !uses_batch_statistics(norm, training) {
            return;
        }
        let momentum = norm.momentum;
        for (running, batch) in [
            (&norm.running_mean, moments.mean),
            (&norm.running_var, moments.variance),
        ] {
            let old = running.value_sync().to_device(&batch.device());
            let new = old
                .mul_scalar(1.0 - momentum)
                .add(batch.detach().mul_scalar(momentum));
            running.update(new.detach());
        }
    }
}

/// A frozen normalisation keeps its running statistics in training too.
fn uses_batch_statistics(norm: &BatchNorm, training: bool) -> bool {
    training && norm.training.is_enabled()
}

fn window(conv: &Conv2d) -> Window {
    Window {
        kernel: conv.kernel_size[0],
        stride: conv.stride[0],
        padding: match conv.padding {
            PaddingConfig2d::Same => Padding::Same,
            _ => Padding::Symmetric,
        },
    }
}

/// Squeeze-and-excitation's layers always have one.
fn bias(conv: &Conv2d) -> Tensor<1> {
    match &conv.bias {
        Some(bias) => bias.val(),
        None => Tensor::zeros([conv.weight.dims()[0]], &conv.weight.device()),
    }
}
