//! The stem.

use burn::{
    backend::{
        Autodiff, Dispatch, Flex, autodiff::checkpoint::strategy::CheckpointStrategy,
        flex::FlexTensor,
    },
    tensor::Tensor,
};
use kernels::{Shape, StemSaved, Window};

use crate::{
    autodiff::{Tracked, constant, record},
    conv_norm::{
        BatchMoments, ConvNorm, ConvNormTensors, ConvNormValues, NormOptions, pack_moments,
        unpack_moments,
    },
    extension::Operators,
    flex::{Contiguous, dims, tensor},
};

/// `silu(norm(convolution(images)))`. Images get no gradient.
///
/// # Shapes
/// - images: `[batch, channels, height, width]`
/// - output: `[batch, ceil(height / stride), ceil(width / stride), channels_out]`
pub fn stem(
    images: Tensor<4>,
    conv: ConvNorm,
    window: Window,
    norm: NormOptions,
) -> (Tensor<4>, BatchMoments) {
    let [channels] = conv.beta.dims();
    let (output, moments) =
        <Dispatch as Operators>::stem(images.into_dispatch(), conv.into_dispatch(), window, norm);
    let moments = unpack_moments(Tensor::from_dispatch(moments), &[channels]);
    (Tensor::from_dispatch(output), first(moments))
}

/// The only moments of an operator with one normalisation.
pub(crate) fn first(mut moments: Vec<BatchMoments>) -> BatchMoments {
    moments.remove(0)
}

/// A forward pass that has run.
pub(crate) struct Forward {
    images: Contiguous,
    shape: Shape,
    conv: ConvNormValues,
    window: Window,
    saved: StemSaved,
}

impl Forward {
    pub fn run(
        images: FlexTensor,
        conv: ConvNormTensors<Flex>,
        window: Window,
        norm: NormOptions,
    ) -> (FlexTensor, FlexTensor, Self) {
        let images = Contiguous::new(images);
        let conv = ConvNormValues::new(conv, norm.epsilon);
        let [batch, channels, height, width] = images.dims();
        let shape = Shape {
            batch,
            height,
            width,
            channels,
        };
        let stem = kernels::Stem {
            conv: conv.kernel(),
            window,
        };
        let (output, moments, saved) = stem.forward(images.values(), shape, norm.statistics);
        let output = tensor(output, dims(stem.output(shape)));
        let forward = Self {
            images,
            shape,
            conv,
            window,
            saved,
        };
        (output, pack_moments(&[moments]), forward)
    }

    fn backward(&self, gradient: FlexTensor) -> [FlexTensor; 3] {
        let gradient = Contiguous::new(gradient);
        let stem = kernels::Stem {
            conv: self.conv.kernel(),
            window: self.window,
        };
        let gradient = stem.backward(
            &self.saved,
            self.images.values(),
            self.shape,
            gradient.values(),
        );
        self.conv.gradients(gradient)
    }
}

pub(crate) fn tracked<C: CheckpointStrategy>(
    images: Tracked<C>,
    conv: ConvNormTensors<Autodiff<Flex, C>>,
    window: Window,
    norm: NormOptions,
) -> (Tracked<C>, Tracked<C>) {
    let mut nodes = Vec::new();
    let conv = conv.into_parts(&mut nodes);
    let (output, moments, forward) = Forward::run(images.into_primitive(), conv, window, norm);
    let Ok(nodes) = <[_; 3]>::try_from(nodes) else {
        unreachable!("a convolution and its norm have three parameters");
    };
    let output = record::<C, 3>(nodes, output, move |gradient, _| {
        forward.backward(gradient).into()
    });
    (output, constant::<C>(moments))
}
