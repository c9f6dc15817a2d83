//! The MBConv block.

use burn::{
    backend::{
        Autodiff, Backend, Dispatch, ExtensionType, Flex,
        autodiff::{checkpoint::strategy::CheckpointStrategy, ops::NodeGuard},
        flex::FlexTensor,
        tensor::FloatTensor,
    },
    tensor::Tensor,
};
use kernels::{MbConvSaved, Window};

use crate::{
    autodiff::{Tracked, constant, record},
    conv_norm::{
        ConvNorm, ConvNormTensors, ConvNormValues, NormOptions, RunningStatistics, pack_statistics,
        unpack_statistics,
    },
    extension::Operators,
    flex::{Contiguous, dims, gradients, tensor},
};

/// A block's parameters.
#[derive(Debug, Clone)]
pub struct MbConv {
    /// The 1x1 expansion, where there is one.
    pub expand: Option<ConvNorm>,
    /// The depthwise convolution.
    pub depthwise: ConvNorm,
    /// Squeeze-and-excitation.
    pub squeeze_excitation: SqueezeExcitation,
    /// The 1x1 projection.
    pub project: ConvNorm,
}

/// The two 1x1 convolutions of squeeze-and-excitation.
///
/// # Shapes
/// - reduce: `[squeezed, channels, 1, 1]`, reduce_bias: `[squeezed]`
/// - expand: `[channels, squeezed, 1, 1]`, expand_bias: `[channels]`
#[derive(Debug, Clone)]
pub struct SqueezeExcitation {
    /// Weights of the first, SiLU after it.
    pub reduce: Tensor<4>,
    /// Bias of the first.
    pub reduce_bias: Tensor<1>,
    /// Weights of the second, a sigmoid after it.
    pub expand: Tensor<4>,
    /// Bias of the second.
    pub expand_bias: Tensor<1>,
}

/// How a block works.
#[derive(Debug, Clone, PartialEq)]
pub struct MbConvOptions {
    /// Window of the depthwise convolution.
    pub window: Window,
    /// Whether the input is added to the output.
    pub residual: bool,
    /// Factor of the branch for every image (stochastic depth); `None`: all one.
    pub branch_factors: Option<Vec<f32>>,
    /// The normalisations.
    pub norm: NormOptions,
}

/// The running statistics of a block's normalisations.
#[derive(Debug, Clone)]
pub struct MbConvStatistics {
    /// After the expansion, where there is one.
    pub expand: Option<RunningStatistics>,
    /// After the depthwise convolution.
    pub depthwise: RunningStatistics,
    /// After the projection.
    pub project: RunningStatistics,
}

/// The block of [`MbConv`].
///
/// # Shapes
/// - input: `[batch, height, width, channels]`
/// - output: `[batch, ceil(height / stride), ceil(width / stride), channels_out]`
pub fn mbconv(
    input: Tensor<4>,
    block: MbConv,
    options: MbConvOptions,
) -> (Tensor<4>, MbConvStatistics) {
    let channels = |conv: &ConvNorm| conv.beta.dims()[0];
    let sizes: Vec<usize> = block
        .expand
        .iter()
        .chain([&block.depthwise, &block.project])
        .map(channels)
        .collect();
    let tensors = MbConvTensors {
        expand: match block.expand {
            Some(conv) => Expansion::Present(conv.into_dispatch()),
            None => Expansion::Absent,
        },
        depthwise: block.depthwise.into_dispatch(),
        reduce: block.squeeze_excitation.reduce.into_dispatch(),
        reduce_bias: block.squeeze_excitation.reduce_bias.into_dispatch(),
        squeeze_expand: block.squeeze_excitation.expand.into_dispatch(),
        squeeze_expand_bias: block.squeeze_excitation.expand_bias.into_dispatch(),
        project: block.project.into_dispatch(),
    };
    let (output, moments) =
        <Dispatch as Operators>::mbconv(input.into_dispatch(), tensors, options);
    let mut moments = unpack_statistics(Tensor::from_dispatch(moments), &sizes);
    let project = moments.remove(moments.len() - 1);
    let depthwise = moments.remove(moments.len() - 1);
    let moments = MbConvStatistics {
        expand: moments.pop(),
        depthwise,
        project,
    };
    (Tensor::from_dispatch(output), moments)
}

/// [`MbConv`] of a backend.
#[derive(Debug, Clone, ExtensionType)]
pub struct MbConvTensors<B: Backend> {
    #[extension_type]
    expand: Expansion<B>,
    #[extension_type]
    depthwise: ConvNormTensors<B>,
    reduce: FloatTensor<B>,
    reduce_bias: FloatTensor<B>,
    squeeze_expand: FloatTensor<B>,
    squeeze_expand_bias: FloatTensor<B>,
    #[extension_type]
    project: ConvNormTensors<B>,
}

/// The expansion of a backend, where there is one.
#[derive(Debug, Clone, ExtensionType)]
pub enum Expansion<B: Backend> {
    /// The depthwise convolution is as wide as the input.
    Absent,
    /// A 1x1 convolution widens the input.
    Present(#[extension_type] ConvNormTensors<B>),
}

/// A forward pass that has run.
pub(crate) struct Forward {
    input: Contiguous,
    block: Values,
    options: MbConvOptions,
    saved: MbConvSaved,
}

/// [`MbConvTensors`] whose values can be read.
struct Values {
    expand: Option<ConvNormValues>,
    depthwise: ConvNormValues,
    /// Weights and bias of the two layers.
    squeeze_excitation: [Contiguous; 4],
    project: ConvNormValues,
}

impl Values {
    fn new(tensors: MbConvTensors<Flex>, epsilon: f32) -> Self {
        Self {
            expand: match tensors.expand {
                Expansion::Absent => None,
                Expansion::Present(conv) => Some(ConvNormValues::new(conv, epsilon)),
            },
            depthwise: ConvNormValues::new(tensors.depthwise, epsilon),
            squeeze_excitation: [
                tensors.reduce,
                tensors.reduce_bias,
                tensors.squeeze_expand,
                tensors.squeeze_expand_bias,
            ]
            .map(Contiguous::new),
            project: ConvNormValues::new(tensors.project, epsilon),
        }
    }

    fn kernel<'a>(&'a self, options: &'a MbConvOptions) -> kernels::MbConv<'a> {
        let [reduce, reduce_bias, expand, expand_bias] = &self.squeeze_excitation;
        kernels::MbConv {
            expand: self.expand.as_ref().map(ConvNormValues::kernel),
            depthwise: self.depthwise.kernel(),
            window: options.window,
            squeeze_excitation: kernels::SqueezeExcitation {
                reduce: reduce.values(),
                reduce_bias: reduce_bias.values(),
                expand: expand.values(),
                expand_bias: expand_bias.values(),
            },
            project: self.project.kernel(),
            residual: options.residual,
            branch_factors: options.branch_factors.as_deref(),
        }
    }

    /// Gradients in the order of [`nodes`](MbConvTensors::into_parts).
    fn gradients(&self, gradient: kernels::MbConvGradient) -> Vec<FlexTensor> {
        let mut tensors = Vec::new();
        if let (Some(values), Some(gradient)) = (&self.expand, gradient.expand) {
            tensors.extend(values.gradients(gradient));
        }
        tensors.extend(self.depthwise.gradients(gradient.depthwise));
        let layers = gradient.squeeze_excitation;
        let layers = [
            layers.reduce,
            layers.reduce_bias,
            layers.expand,
            layers.expand_bias,
        ];
        for (values, gradient) in self.squeeze_excitation.iter().zip(layers) {
            tensors.push(tensor(gradient, values.shape()));
        }
        tensors.extend(self.project.gradients(gradient.project));
        tensors
    }
}

impl<C: CheckpointStrategy> MbConvTensors<Autodiff<Flex, C>> {
    /// The tensors without autodiff, and the nodes of those that have a gradient.
    fn into_parts(self, nodes: &mut Vec<NodeGuard>) -> MbConvTensors<Flex> {
        let expand = match self.expand {
            Expansion::Absent => Expansion::Absent,
            Expansion::Present(conv) => Expansion::Present(conv.into_parts(nodes)),
        };
        let depthwise = self.depthwise.into_parts(nodes);
        let [reduce, reduce_bias, squeeze_expand, squeeze_expand_bias] = [
            self.reduce,
            self.reduce_bias,
            self.squeeze_expand,
            self.squeeze_expand_bias,
        ]
        .map(|tensor| {
            let (primitive, node) = tensor.into_parts();
            nodes.push(node);
            primitive
        });
        MbConvTensors {
            expand,
            depthwise,
            reduce,
            reduce_bias,
            squeeze_expand,
            squeeze_expand_bias,
            project: self.project.into_parts(nodes),
        }
    }
}

impl Forward {
    pub fn run(
        input: FlexTensor,
        block: MbConvTensors<Flex>,
        options: MbConvOptions,
    ) -> (FlexTensor, FlexTensor, Self) {
        let input = Contiguous::new(input);
        let block = Values::new(block, options.norm.epsilon);
        let shape = input.activation();
        let kernel = block.kernel(&options);
        let (output, moments, saved) =
            kernel.forward(input.values(), shape, options.norm.statistics);
        let output = tensor(output, dims(kernel.output(shape)));
        let expand = block.expand.as_ref().zip(moments.expand);
        let layers: Vec<_> = expand
            .into_iter()
            .chain([
                (&block.depthwise, moments.depthwise),
                (&block.project, moments.project),
            ])
            .collect();
        let statistics = pack_statistics(&layers, options.norm.momentum);
        let forward = Self {
            input,
            block,
            options,
            saved,
        };
        (output, statistics, forward)
    }

    fn backward(&self, gradient: FlexTensor, wanted: bool) -> Vec<FlexTensor> {
        let gradient = Contiguous::new(gradient);
        let shape = self.input.activation();
        let (parameters, input) = self.block.kernel(&self.options).backward(
            &self.saved,
            self.input.values(),
            shape,
            gradient.values(),
            wanted,
        );
        gradients(input, shape, self.block.gradients(parameters))
    }
}

pub(crate) fn tracked<C: CheckpointStrategy>(
    input: Tracked<C>,
    block: MbConvTensors<Autodiff<Flex, C>>,
    options: MbConvOptions,
) -> (Tracked<C>, Tracked<C>) {
    let (input, node) = input.into_parts();
    let mut nodes = vec![node];
    let block = block.into_parts(&mut nodes);
    let (output, moments, forward) = Forward::run(input, block, options);
    let gradients = move |gradient, wanted| forward.backward(gradient, wanted);
    // The tape wants the number of inputs at compile time: eleven, and three
    // more with an expansion.
    let output = match <[_; 14]>::try_from(nodes) {
        Ok(nodes) => record::<C, 14>(nodes, output, gradients),
        Err(nodes) => match <[_; 11]>::try_from(nodes) {
            Ok(nodes) => record::<C, 11>(nodes, output, gradients),
            Err(_) => unreachable!("a block has 11 or 14 tensors"),
        },
    };
    (output, constant::<C>(moments))
}
