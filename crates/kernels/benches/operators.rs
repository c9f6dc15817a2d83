//! Every operator at the sizes that it has in EfficientNet-B0 at 96 px, 32
//! images: `cargo bench -p kernels`.

use divan::{Bencher, counter::ItemsCount};
use kernels::{
    ConvNorm, Head, MbConv, Moments, Norm, Normalisation, Padding, Shape, SqueezeExcitation,
    Statistics, Stem, Window,
    activation::{activate, activation_gradient},
    depthwise,
    norm::{GradientSums, InputGradient, TileMoments},
    pointwise, sigmoid, silu,
};

const BATCH: usize = 32;

fn main() {
    divan::main();
}

/// Size of a depthwise convolution's input, channels, and its window.
type DepthwiseSize = (usize, usize, usize, usize);

const DEPTHWISE: [DepthwiseSize; 4] = [
    // side, channels, kernel, stride
    (48, 96, 3, 2),
    (24, 144, 5, 2),
    (12, 240, 3, 2),
    (6, 672, 5, 1),
];

/// Side, channels in and out of a 1x1 convolution.
const POINTWISE: [(usize, usize, usize); 4] =
    [(48, 16, 96), (24, 24, 144), (12, 40, 240), (3, 192, 1152)];

/// Side, channels in, expansion, kernel, stride and channels out of a block.
type BlockSize = (usize, usize, usize, usize, usize, usize);

const BLOCKS: [BlockSize; 5] = [
    (48, 32, 1, 3, 1, 16),
    (48, 16, 6, 3, 2, 24),
    (24, 24, 6, 3, 1, 24),
    (6, 112, 6, 5, 1, 112),
    (3, 192, 6, 5, 1, 192),
];

fn values(len: usize) -> Vec<f32> {
    (0..len)
        .map(|i| (i * 7919 % 2003) as f32 / 1000.0 - 1.0)
        .collect()
}

fn square(side: usize, channels: usize) -> Shape {
    Shape {
        batch: BATCH,
        height: side,
        width: side,
        channels,
    }
}

fn same(kernel: usize, stride: usize) -> Window {
    Window {
        kernel,
        stride,
        padding: Padding::Same,
    }
}

struct Layer {
    weights: Vec<f32>,
    ones: Vec<f32>,
    zeros: Vec<f32>,
}

impl Layer {
    fn new(channels: usize, fan_in: usize) -> Self {
        Self {
            weights: values(channels * fan_in),
            ones: vec![1.0; channels],
            zeros: vec![0.0; channels],
        }
    }

    fn conv_norm(&self) -> ConvNorm<'_> {
        ConvNorm {
            weights: &self.weights,
            norm: Norm {
                weight: &self.ones,
                bias: &self.zeros,
                running_mean: &self.zeros,
                running_variance: &self.ones,
                epsilon: 1e-3,
            },
        }
    }

    fn normalisation(&self, values: &[f32]) -> Normalisation {
        let moments = Moments::combine(&[TileMoments::of(values, self.ones.len())]);
        Normalisation::new(self.conv_norm().norm, Statistics::Batch, &moments)
    }
}

fn identity(channels: usize) -> InputGradient {
    InputGradient {
        of_gradient: vec![1.0; channels],
        of_input: vec![0.0; channels],
        constant: vec![0.0; channels],
    }
}

#[divan::bench]
fn silu_forward(bencher: Bencher<'_, '_>) {
    let input = values(1 << 20);
    bencher
        .counter(ItemsCount::new(input.len()))
        .bench(|| silu(&input));
}

#[divan::bench]
fn sigmoid_forward(bencher: Bencher<'_, '_>) {
    let input = values(1 << 20);
    bencher
        .counter(ItemsCount::new(input.len()))
        .bench(|| sigmoid(&input));
}

#[divan::bench]
fn batch_norm_silu_forward(bencher: Bencher<'_, '_>) {
    let layer = Layer::new(96, 1);
    let input = values(4096 * 96);
    let mut output = vec![0.0; input.len()];
    bencher
        .counter(ItemsCount::new(input.len()))
        .bench_local(|| {
            let norm = layer.normalisation(&input);
            activate(&input, &norm, &layer.ones, &mut output);
        });
}

#[divan::bench]
fn batch_norm_silu_backward(bencher: Bencher<'_, '_>) {
    let layer = Layer::new(96, 1);
    let input = values(4096 * 96);
    let norm = layer.normalisation(&input);
    let mut gradient = input.clone();
    let mut output = vec![0.0; input.len()];
    bencher
        .counter(ItemsCount::new(input.len()))
        .bench_local(|| {
            let mut sums = GradientSums::zeros(96);
            activation_gradient(
                &mut gradient,
                &input,
                &norm,
                &layer.ones,
                &layer.zeros,
                &mut sums,
            );
            let (_, of_input) = norm.gradient(&[sums]);
            of_input.apply(&gradient, 1.0, &input, &mut output);
        });
}

#[divan::bench(args = DEPTHWISE)]
fn depthwise_forward(bencher: Bencher<'_, '_>, (side, channels, kernel, stride): DepthwiseSize) {
    let (shape, window) = (square(side, channels), same(kernel, stride));
    let input = values(shape.len());
    let layer = Layer::new(channels, kernel * kernel);
    let norm = layer.normalisation(&input);
    let mut output = vec![0.0; window.output(shape).len()];
    bencher
        .counter(ItemsCount::new(shape.len()))
        .bench_local(|| {
            depthwise::forward(
                &input,
                Some(&norm),
                &layer.weights,
                shape,
                window,
                &mut output,
            )
        });
}

#[divan::bench(args = DEPTHWISE)]
fn depthwise_backward(bencher: Bencher<'_, '_>, (side, channels, kernel, stride): DepthwiseSize) {
    let (shape, window) = (square(side, channels), same(kernel, stride));
    let input = values(shape.len());
    let layer = Layer::new(channels, kernel * kernel);
    let norm = layer.normalisation(&input);
    let output = values(window.output(shape).len());
    let of_output = identity(channels);
    let mut input_gradient = vec![0.0; shape.len()];
    bencher
        .counter(ItemsCount::new(shape.len()))
        .bench_local(|| {
            let saved = depthwise::Saved {
                input: &input,
                norm: Some(&norm),
                weights: &layer.weights,
                output: &output,
            };
            depthwise::backward(
                saved,
                &output,
                &of_output,
                shape,
                window,
                &mut input_gradient,
            )
        });
}

#[divan::bench(args = POINTWISE)]
fn pointwise_forward(bencher: Bencher<'_, '_>, (side, channels, wide): (usize, usize, usize)) {
    let shape = square(side, channels);
    let (input, weights) = (values(shape.len()), values(channels * wide));
    let mut output = vec![0.0; shape.rows() * wide];
    bencher
        .counter(ItemsCount::new(shape.rows()))
        .bench_local(|| pointwise::forward(&input, &weights, shape, &mut output));
}

#[divan::bench(args = POINTWISE)]
fn pointwise_backward(bencher: Bencher<'_, '_>, (side, channels, wide): (usize, usize, usize)) {
    let shape = square(side, channels);
    let (input, weights) = (values(shape.len()), values(channels * wide));
    let output = values(shape.rows() * wide);
    let of_output = identity(wide);
    let mut input_gradient = vec![0.0; shape.len()];
    bencher
        .counter(ItemsCount::new(shape.rows()))
        .bench_local(|| {
            let saved = pointwise::Saved {
                input: &input,
                weights: &weights,
                output: &output,
            };
            let input_gradient = Some((&mut *input_gradient, kernels::Write::Replace));
            pointwise::backward(saved, &output, &of_output, shape, input_gradient)
        });
}

#[divan::bench]
fn stem_forward_and_backward(bencher: Bencher<'_, '_>) {
    let shape = square(96, 3);
    let layer = Layer::new(32, 27);
    let stem = Stem {
        conv: layer.conv_norm(),
        window: same(3, 2),
    };
    let images = values(shape.len());
    bencher.counter(ItemsCount::new(BATCH)).bench_local(|| {
        let (output, _, saved) = stem.forward(&images, shape, Statistics::Batch);
        stem.backward(&saved, &images, shape, &output)
    });
}

#[divan::bench(args = BLOCKS)]
fn mbconv_forward(bencher: Bencher<'_, '_>, size: BlockSize) {
    with_block(size, |block, input, shape| {
        bencher
            .counter(ItemsCount::new(BATCH))
            .bench_local(|| block.forward(input, shape, Statistics::Batch));
    });
}

#[divan::bench(args = BLOCKS)]
fn mbconv_backward(bencher: Bencher<'_, '_>, size: BlockSize) {
    with_block(size, |block, input, shape| {
        let (output, _, saved) = block.forward(input, shape, Statistics::Batch);
        bencher
            .counter(ItemsCount::new(BATCH))
            .bench_local(|| block.backward(&saved, input, shape, &output, true));
    });
}

fn with_block(
    (side, channels, expansion, kernel, stride, channels_out): BlockSize,
    run: impl FnOnce(&MbConv<'_>, &[f32], Shape),
) {
    let shape = square(side, channels);
    let wide = channels * expansion;
    let squeezed = channels / 4;
    let expand = Layer::new(wide, channels);
    let depthwise = Layer::new(wide, kernel * kernel);
    let project = Layer::new(channels_out, wide);
    let (matrix, bias) = (values(squeezed * wide), values(wide));
    let block = MbConv {
        expand: (expansion > 1).then(|| expand.conv_norm()),
        depthwise: depthwise.conv_norm(),
        window: same(kernel, stride),
        squeeze_excitation: SqueezeExcitation {
            reduce: &matrix,
            reduce_bias: &bias[..squeezed],
            expand: &matrix,
            expand_bias: &bias,
        },
        project: project.conv_norm(),
        residual: stride == 1 && channels == channels_out,
        branch_factors: None,
    };
    run(&block, &values(shape.len()), shape);
}

#[divan::bench]
fn head_forward_and_backward(bencher: Bencher<'_, '_>) {
    let shape = square(3, 320);
    let layer = Layer::new(1280, 320);
    let head = Head {
        conv: layer.conv_norm(),
    };
    let input = values(shape.len());
    bencher.counter(ItemsCount::new(BATCH)).bench_local(|| {
        let (output, _, saved) = head.forward(&input, shape, Statistics::Batch);
        head.backward(&saved, &input, shape, &output, true)
    });
}
