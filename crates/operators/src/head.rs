//! The head.

use burn::{
    backend::{
        Autodiff, Dispatch, Flex, autodiff::checkpoint::strategy::CheckpointStrategy,
        flex::FlexTensor,
    },
    tensor::Tensor,
};
use kernels::HeadSaved;

use crate::{
    autodiff::{Tracked, constant, record},
    conv_norm::{
        ConvNorm, ConvNormTensors, ConvNormValues, NormOptions, RunningStatistics, pack_statistics,
        unpack_statistics,
    },
    extension::Operators,
    flex::{Contiguous, gradients, tensor},
    stem::first,
};

/// The mean over positions of `silu(norm(1x1 convolution(input)))`.
///
/// # Shapes
/// - input: `[batch, height, width, channels]`
/// - output: `[batch, channels_out]`
pub fn head(input: Tensor<4>, conv: ConvNorm, norm: NormOptions) -> (Tensor<2>, RunningStatistics) {
    let [channels] = conv.beta.dims();
    let (output, moments) =
        <Dispatch as Operators>::head(input.into_dispatch(), conv.into_dispatch(), norm);
    let moments = unpack_statistics(Tensor::from_dispatch(moments), &[channels]);
    (Tensor::from_dispatch(output), first(moments))
}

/// A forward pass that has run.
pub(crate) struct Forward {
    input: Contiguous,
    conv: ConvNormValues,
    saved: HeadSaved,
}

impl Forward {
    pub fn run(
        input: FlexTensor,
        conv: ConvNormTensors<Flex>,
        norm: NormOptions,
    ) -> (FlexTensor, FlexTensor, Self) {
        let input = Contiguous::new(input);
        let conv = ConvNormValues::new(conv, norm.epsilon);
        let shape = input.activation();
        let head = kernels::Head {
            conv: conv.kernel(),
        };
        let (output, moments, saved) = head.forward(input.values(), shape, norm.statistics);
        let features = output.len() / shape.batch;
        let output = tensor(output, [shape.batch, features]);
        let statistics = pack_statistics(&[(&conv, moments)], norm.momentum);
        (output, statistics, Self { input, conv, saved })
    }

    fn backward(&self, gradient: FlexTensor, wanted: bool) -> Vec<FlexTensor> {
        let gradient = Contiguous::new(gradient);
        let head = kernels::Head {
            conv: self.conv.kernel(),
        };
        let shape = self.input.activation();
        let (parameters, input) = head.backward(
            &self.saved,
            self.input.values(),
            shape,
            gradient.values(),
            wanted,
        );
        gradients(input, shape, self.conv.gradients(parameters))
    }
}

pub(crate) fn tracked<C: CheckpointStrategy>(
    input: Tracked<C>,
    conv: ConvNormTensors<Autodiff<Flex, C>>,
    norm: NormOptions,
) -> (Tracked<C>, Tracked<C>) {
    let (input, node) = input.into_parts();
    let mut nodes = vec![node];
    let conv = conv.into_parts(&mut nodes);
    let (output, moments, forward) = Forward::run(input, conv, norm);
    let Ok(nodes) = <[_; 4]>::try_from(nodes) else {
        unreachable!("an input, a convolution and its norm are four tensors");
    };
    let output = record::<C, 4>(nodes, output, move |gradient, wanted| {
        forward.backward(gradient, wanted)
    });
    (output, constant::<C>(moments))
}
