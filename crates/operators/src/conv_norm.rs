//! A convolution with its batch normalisation, as tensors.

use burn::{
    backend::{
        Autodiff, Backend, Dispatch, ExtensionType, Flex, autodiff::ops::NodeGuard,
        flex::FlexTensor, tensor::FloatTensor,
    },
    tensor::Tensor,
};
use kernels::{ConvNormGradient, Moments, Norm, Statistics};

use crate::flex::{Contiguous, tensor};

/// Parameters and running statistics of a bias-free convolution and the batch
/// normalisation after it.
///
/// # Shapes
/// - weights: `[channels_out, channels_in / groups, kernel, kernel]`
/// - the others: `[channels_out]`
#[derive(Debug, Clone)]
pub struct ConvNorm {
    /// Weights of the convolution.
    pub weights: Tensor<4>,
    /// Scale of the normalisation.
    pub gamma: Tensor<1>,
    /// Shift of the normalisation.
    pub beta: Tensor<1>,
    /// Running mean.
    pub running_mean: Tensor<1>,
    /// Running variance.
    pub running_variance: Tensor<1>,
}

/// What all normalisations of an operator share.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct NormOptions {
    /// Added to the variance.
    pub epsilon: f32,
    /// Whose mean and variance normalise.
    pub statistics: Statistics,
}

/// Mean and biased variance of a batch, for the running statistics.
///
/// # Shapes
/// - both: `[channels]`
#[derive(Debug, Clone)]
pub struct BatchMoments {
    /// Mean of every channel.
    pub mean: Tensor<1>,
    /// Biased variance of every channel.
    pub variance: Tensor<1>,
}

/// [`ConvNorm`] of a backend.
#[derive(Debug, Clone, ExtensionType)]
pub struct ConvNormTensors<B: Backend> {
    pub(crate) weights: FloatTensor<B>,
    pub(crate) gamma: FloatTensor<B>,
    pub(crate) beta: FloatTensor<B>,
    pub(crate) running_mean: FloatTensor<B>,
    pub(crate) running_variance: FloatTensor<B>,
}

impl ConvNorm {
    pub(crate) fn into_dispatch(self) -> ConvNormTensors<Dispatch> {
        ConvNormTensors {
            weights: self.weights.into_dispatch(),
            gamma: self.gamma.into_dispatch(),
            beta: self.beta.into_dispatch(),
            running_mean: self.running_mean.into_dispatch(),
            running_variance: self.running_variance.into_dispatch(),
        }
    }
}

impl<C> ConvNormTensors<Autodiff<Flex, C>>
where
    C: burn::backend::autodiff::checkpoint::strategy::CheckpointStrategy,
{
    /// The tensors without autodiff, and the nodes of those that have a
    /// gradient: weights, gamma, beta.
    pub(crate) fn into_parts(self, nodes: &mut Vec<NodeGuard>) -> ConvNormTensors<Flex> {
        let mut part = |tensor: FloatTensor<Autodiff<Flex, C>>| {
            let (primitive, node) = tensor.into_parts();
            nodes.push(node);
            primitive
        };
        ConvNormTensors {
            weights: part(self.weights),
            gamma: part(self.gamma),
            beta: part(self.beta),
            running_mean: self.running_mean.into_primitive(),
            running_variance: self.running_variance.into_primitive(),
        }
    }
}

/// [`ConvNormTensors`] whose values can be read.
#[derive(Debug, Clone)]
pub(crate) struct ConvNormValues {
    weights: Contiguous,
    gamma: Contiguous,
    beta: Contiguous,
    running_mean: Contiguous,
    running_variance: Contiguous,
    epsilon: f32,
}

impl ConvNormValues {
    pub fn new(tensors: ConvNormTensors<Flex>, epsilon: f32) -> Self {
        Self {
            weights: Contiguous::new(tensors.weights),
            gamma: Contiguous::new(tensors.gamma),
            beta: Contiguous::new(tensors.beta),
            running_mean: Contiguous::new(tensors.running_mean),
            running_variance: Contiguous::new(tensors.running_variance),
            epsilon,
        }
    }

    /// The slices that a kernel works with.
    pub fn kernel(&self) -> kernels::ConvNorm<'_> {
        kernels::ConvNorm {
            weights: self.weights.values(),
            norm: Norm {
                weight: self.gamma.values(),
                bias: self.beta.values(),
                running_mean: self.running_mean.values(),
                running_variance: self.running_variance.values(),
                epsilon: self.epsilon,
            },
        }
    }

    /// The gradients as tensors: of weights, gamma, beta.
    pub fn gradients(&self, gradient: ConvNormGradient) -> [FlexTensor; 3] {
        [
            tensor(gradient.weights, self.weights.shape()),
            tensor(gradient.norm.weight, self.gamma.shape()),
            tensor(gradient.norm.bias, self.beta.shape()),
        ]
    }
}

/// Moments of several normalisations side by side: `[2, all channels]`, means
/// and variances.
pub(crate) fn pack_moments(moments: &[Moments]) -> FlexTensor {
    let means = moments.iter().flat_map(|moments| &moments.mean);
    let variances = moments.iter().flat_map(|moments| &moments.variance);
    let values: Vec<f32> = means.chain(variances).copied().collect();
    let channels = values.len() / 2;
    tensor(values, [2, channels])
}

/// The opposite of [`pack_moments`], for normalisations of so many channels.
pub(crate) fn unpack_moments(packed: Tensor<2>, channels: &[usize]) -> Vec<BatchMoments> {
    let mut start = 0;
    channels
        .iter()
        .map(|&channels| {
            let range = start..start + channels;
            start += channels;
            let row = |row: usize| -> Tensor<1> {
                packed
                    .clone()
                    .slice([row..row + 1, range.clone()])
                    .flatten(0, 1)
            };
            BatchMoments {
                mean: row(0),
                variance: row(1),
            }
        })
        .collect()
}
