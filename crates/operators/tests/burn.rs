//! Each operator against the same thing composed of burn's own operators:
//! outputs, moments and the gradient of every tensor.

use burn::tensor::{
    Device, Distribution, Gradients, Tensor,
    activation::{sigmoid, silu},
    module::{adaptive_avg_pool2d, batch_norm, batch_norm_train, conv2d},
    ops::ConvOptions,
};
use operators::{
    BatchMoments, ConvNorm, MbConv, MbConvOptions, NormOptions, Padding, SqueezeExcitation,
    Statistics, Window, head, mbconv, stem,
};

const EPSILON: f32 = 1e-3;
const TOLERANCE: f32 = 2e-4;

fn device() -> Device {
    Device::flex().autodiff()
}

fn random<const D: usize>(shape: [usize; D], mean: f64, deviation: f64) -> Tensor<D> {
    Tensor::random(shape, Distribution::Normal(mean, deviation), &device()).require_grad()
}

fn conv_norm(channels_out: usize, channels_in: usize, kernel: usize) -> ConvNorm {
    let fan_in = (channels_in * kernel * kernel) as f64;
    ConvNorm {
        weights: random(
            [channels_out, channels_in, kernel, kernel],
            0.0,
            fan_in.powf(-0.5),
        ),
        gamma: random([channels_out], 1.0, 0.3),
        beta: random([channels_out], 0.0, 0.5),
        running_mean: random([channels_out], 0.0, 0.5).detach(),
        running_variance: random([channels_out], 2.0, 0.2).detach(),
    }
}

fn options(statistics: Statistics) -> NormOptions {
    NormOptions {
        epsilon: EPSILON,
        statistics,
    }
}

/// Asserts that two tensors differ by little of the largest value.
fn assert_close<const D: usize>(ours: Tensor<D>, burns: Tensor<D>, what: &str) {
    assert_eq!(ours.dims(), burns.dims(), "{what}");
    let largest = burns.clone().abs().max().into_scalar::<f32>().max(1e-3);
    let error = (ours - burns).abs().max().into_scalar::<f32>() / largest;
    assert!(error < TOLERANCE, "{what}: {error:e}");
}

fn channels_last(tensor: Tensor<4>) -> Tensor<4> {
    tensor.permute([0, 2, 3, 1])
}

/// Convolution and normalisation by burn, channels first.
fn composed(
    input: Tensor<4>,
    conv: &ConvNorm,
    window: Window,
    groups: usize,
    statistics: Statistics,
) -> (Tensor<4>, Tensor<1>, Tensor<1>) {
    let [_, _, height, width] = input.dims();
    let sides = |size: usize| {
        let before = window.zeros_before(size);
        let reach = (window.outputs(size) - 1) * window.stride + window.kernel;
        (before, reach.saturating_sub(size + before))
    };
    let ((top, bottom), (left, right)) = (sides(height), sides(width));
    let options = ConvOptions::new([window.stride; 2], [0, 0], [1, 1], groups);
    let padded = input.pad((left, right, top, bottom), 0.0);
    let convolved = conv2d(padded, conv.weights.clone(), None, options);
    let (gamma, beta) = (conv.gamma.clone(), conv.beta.clone());
    let result = batch_norm_train(
        convolved.clone(),
        gamma.clone(),
        beta.clone(),
        EPSILON.into(),
    );
    let output = match statistics {
        Statistics::Batch => result.output,
        Statistics::Running => batch_norm(
            convolved,
            gamma,
            beta,
            conv.running_mean.clone(),
            conv.running_variance.clone(),
            EPSILON.into(),
        ),
    };
    (output, result.mean, result.variance)
}

const POINTWISE: Window = Window {
    kernel: 1,
    stride: 1,
    padding: Padding::Symmetric,
};

fn assert_moments(ours: BatchMoments, mean: Tensor<1>, variance: Tensor<1>) {
    assert_close(ours.mean, mean, "mean");
    assert_close(ours.variance, variance, "variance");
}

/// Gradients of a sum with random weights.
fn backward<const D: usize>(output: Tensor<D>, weights: Tensor<D>) -> Gradients {
    (output * weights).sum().backward()
}

fn assert_gradient<const D: usize>(
    tensor: &Tensor<D>,
    ours: &Gradients,
    burns: &Gradients,
    what: &str,
) {
    let (Some(ours), Some(burns)) = (tensor.grad(ours), tensor.grad(burns)) else {
        panic!("{what} has no gradient");
    };
    assert_close(ours, burns, what);
}

fn assert_conv_norm(conv: &ConvNorm, ours: &Gradients, burns: &Gradients, what: &str) {
    assert_gradient(&conv.weights, ours, burns, &format!("{what} weights"));
    assert_gradient(&conv.gamma, ours, burns, &format!("{what} gamma"));
    assert_gradient(&conv.beta, ours, burns, &format!("{what} beta"));
}

#[test]
fn the_stem() {
    for padding in [Padding::Same, Padding::Symmetric] {
        for ([batch, height, width], statistics) in [
            ([2, 12, 9], Statistics::Batch),
            ([1, 7, 8], Statistics::Batch),
            ([2, 5, 5], Statistics::Running),
        ] {
            let window = Window {
                kernel: 3,
                stride: 2,
                padding,
            };
            let images = random([batch, 3, height, width], 0.0, 1.0).detach();
            let conv = conv_norm(10, 3, 3);
            let (ours, moments) = stem(images.clone(), conv.clone(), window, options(statistics));
            let (burns, mean, variance) = composed(images, &conv, window, 1, statistics);
            let burns = channels_last(silu(burns));
            assert_close(ours.clone(), burns.clone(), "output");
            assert_moments(moments, mean, variance);
            let weights = random(ours.dims(), 0.0, 1.0).detach();
            let (ours, burns) = (backward(ours, weights.clone()), backward(burns, weights));
            assert_conv_norm(&conv, &ours, &burns, "stem");
        }
    }
}

#[test]
fn the_head() {
    for statistics in [Statistics::Batch, Statistics::Running] {
        let input = random([3, 13, 4, 3], 0.0, 1.0);
        let conv = conv_norm(21, 13, 1);
        let (ours, moments) = head(
            channels_last(input.clone()),
            conv.clone(),
            options(statistics),
        );
        let (burns, mean, variance) = composed(input.clone(), &conv, POINTWISE, 1, statistics);
        let burns = adaptive_avg_pool2d(silu(burns), [1, 1]).flatten(1, 3);
        assert_close(ours.clone(), burns.clone(), "output");
        assert_moments(moments, mean, variance);
        let weights = random(ours.dims(), 0.0, 1.0).detach();
        let (ours, burns) = (backward(ours, weights.clone()), backward(burns, weights));
        assert_gradient(&input, &ours, &burns, "input");
        assert_conv_norm(&conv, &ours, &burns, "head");
    }
}

/// A block's sizes and how it works.
#[derive(Clone, Copy)]
struct Sizes {
    batch: usize,
    height: usize,
    width: usize,
    channels: usize,
    expansion: usize,
    kernel: usize,
    stride: usize,
    channels_out: usize,
    padding: Padding,
    statistics: Statistics,
}

fn block(sizes: Sizes) -> MbConv {
    let wide = sizes.channels * sizes.expansion;
    MbConv {
        expand: (sizes.expansion > 1).then(|| conv_norm(wide, sizes.channels, 1)),
        depthwise: conv_norm(wide, 1, sizes.kernel),
        squeeze_excitation: SqueezeExcitation {
            reduce: random([3, wide, 1, 1], 0.0, 0.3),
            reduce_bias: random([3], 0.0, 0.3),
            expand: random([wide, 3, 1, 1], 0.0, 0.5),
            expand_bias: random([wide], 0.0, 0.3),
        },
        project: conv_norm(sizes.channels_out, wide, 1),
    }
}

fn composed_block(
    input: Tensor<4>,
    block: &MbConv,
    options: &MbConvOptions,
    factors: &Tensor<4>,
) -> Tensor<4> {
    let statistics = options.norm.statistics;
    let wide = match &block.expand {
        Some(expand) => silu(composed(input.clone(), expand, POINTWISE, 1, statistics).0),
        None => input.clone(),
    };
    let groups = block.depthwise.beta.dims()[0];
    let (features, ..) = composed(wide, &block.depthwise, options.window, groups, statistics);
    let features = silu(features);
    let layers = &block.squeeze_excitation;
    let dense = |input, weights: &Tensor<4>, bias: &Tensor<1>| {
        let options = ConvOptions::new([1, 1], [0, 0], [1, 1], 1);
        conv2d(input, weights.clone(), Some(bias.clone()), options)
    };
    let means = adaptive_avg_pool2d(features.clone(), [1, 1]);
    let squeezed = silu(dense(means, &layers.reduce, &layers.reduce_bias));
    let gates = sigmoid(dense(squeezed, &layers.expand, &layers.expand_bias));
    let (output, ..) = composed(features * gates, &block.project, POINTWISE, 1, statistics);
    match options.residual {
        true => output * factors.clone() + input,
        false => output,
    }
}

fn assert_block(sizes: Sizes) {
    let input = random(
        [sizes.batch, sizes.channels, sizes.height, sizes.width],
        0.0,
        1.0,
    );
    let block = block(sizes);
    let factors: Vec<f32> = (0..sizes.batch).map(|i| [1.25, 0.0][i % 2]).collect();
    let residual = sizes.stride == 1 && sizes.channels == sizes.channels_out;
    let options = MbConvOptions {
        window: Window {
            kernel: sizes.kernel,
            stride: sizes.stride,
            padding: sizes.padding,
        },
        residual,
        branch_factors: residual.then(|| factors.clone()),
        norm: options(sizes.statistics),
    };
    let factors = Tensor::<1>::from_floats(factors.as_slice(), &device());
    let factors = factors.reshape([sizes.batch, 1, 1, 1]);
    let burns = channels_last(composed_block(input.clone(), &block, &options, &factors));
    let (ours, moments) = mbconv(channels_last(input.clone()), block.clone(), options);
    assert_close(ours.clone(), burns.clone(), "output");
    assert_eq!(moments.expand.is_some(), block.expand.is_some());
    let weights = random(ours.dims(), 0.0, 1.0).detach();
    let (ours, burns) = (backward(ours, weights.clone()), backward(burns, weights));
    assert_gradient(&input, &ours, &burns, "input");
    if let Some(expand) = &block.expand {
        assert_conv_norm(expand, &ours, &burns, "expand");
    }
    assert_conv_norm(&block.depthwise, &ours, &burns, "depthwise");
    let layers = &block.squeeze_excitation;
    assert_gradient(&layers.reduce, &ours, &burns, "reduce");
    assert_gradient(&layers.reduce_bias, &ours, &burns, "reduce bias");
    assert_gradient(&layers.expand, &ours, &burns, "gate");
    assert_gradient(&layers.expand_bias, &ours, &burns, "gate bias");
    assert_conv_norm(&block.project, &ours, &burns, "project");
}

#[test]
fn blocks() {
    for padding in [Padding::Same, Padding::Symmetric] {
        for kernel in [3, 5] {
            for (stride, channels_out) in [(1, 8), (1, 5), (2, 6)] {
                for (batch, height, width) in [(4, 7, 6), (1, 9, 5)] {
                    for expansion in [1, 6] {
                        assert_block(Sizes {
                            batch,
                            height,
                            width,
                            channels: 8,
                            expansion,
                            kernel,
                            stride,
                            channels_out,
                            padding,
                            statistics: Statistics::Batch,
                        });
                    }
                }
            }
        }
    }
}

#[test]
fn blocks_with_running_statistics() {
    for expansion in [1, 6] {
        assert_block(Sizes {
            batch: 3,
            height: 6,
            width: 6,
            channels: 8,
            expansion,
            kernel: 3,
            stride: 1,
            channels_out: 8,
            padding: Padding::Same,
            statistics: Statistics::Running,
        });
    }
}

#[test]
fn nothing_is_tracked_where_nothing_learns() {
    let input = random([2, 4, 4, 8], 0.0, 1.0).detach();
    let mut conv = conv_norm(6, 8, 1);
    conv.weights = conv.weights.detach();
    conv.gamma = conv.gamma.detach();
    conv.beta = conv.beta.detach();
    let (output, _) = head(input, conv, options(Statistics::Batch));
    assert!(!output.is_require_grad());
}
