//! Whole blocks against a double-precision block and its finite differences.

use kernels::{
    ConvNorm, Head, MbConv, Norm, Padding, Shape, SqueezeExcitation, Statistics, Stem, Window,
};

use crate::reference::{self, assert_close, double, values};

const EPSILON: f32 = 1e-3;

/// A convolution's weights and its normalisation's parameters.
pub struct Layer {
    pub weights: Vec<f32>,
    pub gamma: Vec<f32>,
    pub beta: Vec<f32>,
    pub mean: Vec<f32>,
    pub variance: Vec<f32>,
}

impl Layer {
    pub fn new(channels_out: usize, fan_in: usize, seed: u32) -> Self {
        let near_one = |seed| -> Vec<f32> {
            values(channels_out, seed)
                .iter()
                .map(|v| 1.0 + 0.4 * v)
                .collect()
        };
        let scale = (3.0 / fan_in as f32).sqrt();
        Self {
            weights: values(channels_out * fan_in, seed)
                .iter()
                .map(|v| v * scale)
                .collect(),
            gamma: near_one(seed ^ 11),
            beta: values(channels_out, seed ^ 12),
            mean: values(channels_out, seed ^ 13),
            variance: near_one(seed ^ 14),
        }
    }

    pub fn conv_norm(&self) -> ConvNorm<'_> {
        ConvNorm {
            weights: &self.weights,
            norm: Norm {
                weight: &self.gamma,
                bias: &self.beta,
                running_mean: &self.mean,
                running_variance: &self.variance,
                epsilon: EPSILON,
            },
        }
    }

    /// The normalisation by the running statistics.
    pub fn infer(&self, values: &[f64]) -> Vec<f64> {
        let channels = self.gamma.len();
        values
            .iter()
            .enumerate()
            .map(|(i, value)| {
                let c = i % channels;
                let deviation = f64::from(self.variance[c] + EPSILON).sqrt();
                (value - f64::from(self.mean[c])) / deviation * f64::from(self.gamma[c])
                    + f64::from(self.beta[c])
            })
            .collect()
    }
}

/// Parameters of a block and how it works.
pub struct Block {
    pub shape: Shape,
    pub window: Window,
    pub expand: Option<Layer>,
    pub depthwise: Layer,
    pub squeeze: [Vec<f32>; 4],
    pub project: Layer,
    pub residual: bool,
    pub factors: Option<Vec<f32>>,
}

impl Block {
    pub fn new(shape: Shape, window: Window, expansion: usize, channels_out: usize) -> Self {
        let wide = shape.channels * expansion;
        let squeezed = (shape.channels / 4).max(1);
        let taps = window.kernel * window.kernel;
        let residual = window.stride == 1 && shape.channels == channels_out;
        Self {
            shape,
            window,
            expand: (expansion > 1).then(|| Layer::new(wide, shape.channels, 21)),
            depthwise: Layer::new(wide, taps, 22),
            squeeze: [
                values(squeezed * wide, 23),
                values(squeezed, 24),
                values(squeezed * wide, 25),
                values(wide, 26),
            ],
            project: Layer::new(channels_out, wide, 27),
            residual,
            factors: residual.then(|| {
                (0..shape.batch)
                    .map(|i| if i % 3 == 1 { 0.0 } else { 1.25 })
                    .collect()
            }),
        }
    }

    pub fn kernel(&self) -> MbConv<'_> {
        MbConv {
            expand: self.expand.as_ref().map(Layer::conv_norm),
            depthwise: self.depthwise.conv_norm(),
            window: self.window,
            squeeze_excitation: SqueezeExcitation {
                reduce: &self.squeeze[0],
                reduce_bias: &self.squeeze[1],
                expand: &self.squeeze[2],
                expand_bias: &self.squeeze[3],
            },
            project: self.project.conv_norm(),
            residual: self.residual,
            branch_factors: self.factors.as_deref(),
        }
    }

    /// Input and parameters, in the order of [`reference`](Self::reference).
    fn parameters(&self, input: &[f32]) -> Vec<Vec<f64>> {
        let layer = |layer: &Layer| [&layer.weights, &layer.gamma, &layer.beta].map(|v| double(v));
        let mut all = vec![double(input)];
        all.extend(self.expand.iter().flat_map(layer));
        all.extend(layer(&self.depthwise));
        all.extend(self.squeeze.iter().map(|v| double(v)));
        all.extend(layer(&self.project));
        all
    }

    /// The block in double precision.
    fn reference(&self, parameters: &[Vec<f64>]) -> Vec<f64> {
        let epsilon = f64::from(EPSILON);
        let mut next = parameters.iter();
        let mut take = || next.next().unwrap().as_slice();
        let input = take();
        let expanded = match self.expand {
            Some(_) => {
                let output = reference::linear(input, take(), self.shape.channels);
                reference::silu(reference::batch_norm(&output, take(), take(), epsilon))
            }
            None => input.to_vec(),
        };
        let weights = take();
        let wide = self
            .shape
            .with_channels(weights.len() / self.window.kernel.pow(2));
        let output = reference::depthwise(&expanded, weights, wide, self.window);
        let mut features = reference::silu(reference::batch_norm(&output, take(), take(), epsilon));
        let narrow = self.window.output(wide);
        let channels = wide.channels;
        let (reduce, reduce_bias, expand, expand_bias) = (take(), take(), take(), take());
        for image in features.chunks_mut(narrow.image_len()) {
            let means: Vec<f64> = (0..channels)
                .map(|c| {
                    let sum: f64 = image.iter().skip(c).step_by(channels).sum();
                    sum / narrow.positions() as f64
                })
                .collect();
            let add = |values: Vec<f64>, bias: &[f64]| -> Vec<f64> {
                values.iter().zip(bias).map(|(a, b)| a + b).collect()
            };
            let reduced = add(reference::linear(&means, reduce, channels), reduce_bias);
            let squeezed = reduced.len();
            let logits = add(
                reference::linear(&reference::silu(reduced), expand, squeezed),
                expand_bias,
            );
            for (i, value) in image.iter_mut().enumerate() {
                *value *= reference::sigmoid(logits[i % channels]);
            }
        }
        let output = reference::linear(&features, take(), channels);
        let mut output = reference::batch_norm(&output, take(), take(), epsilon);
        let image_len = output.len() / self.shape.batch;
        for (i, value) in output.iter_mut().enumerate() {
            if let Some(factors) = &self.factors {
                *value *= f64::from(factors[i / image_len]);
            }
            if self.residual {
                *value += input[i];
            }
        }
        output
    }
}

/// Central differences of `loss` at a few coordinates of every parameter.
fn assert_gradients(
    parameters: &[Vec<f64>],
    analytical: &[Vec<f32>],
    loss: impl Fn(&[Vec<f64>]) -> f64,
) {
    const STEP: f64 = 1e-5;
    assert_eq!(parameters.len(), analytical.len());
    for (which, analytical) in analytical.iter().enumerate() {
        assert_eq!(analytical.len(), parameters[which].len(), "tensor {which}");
        // A prime step visits all channels and positions in the long run.
        let coordinates: Vec<usize> = (0..analytical.len())
            .step_by(1 + analytical.len() / 13)
            .collect();
        let numerical: Vec<f64> = coordinates
            .iter()
            .map(|&i| {
                let at = |step: f64| {
                    let mut moved = parameters.to_vec();
                    moved[which][i] += step;
                    loss(&moved)
                };
                (at(STEP) - at(-STEP)) / (2.0 * STEP)
            })
            .collect();
        let largest = analytical
            .iter()
            .fold(1e-3f32, |max, value| max.max(value.abs()));
        for (&i, numerical) in coordinates.iter().zip(numerical) {
            let error = (f64::from(analytical[i]) - numerical).abs() / f64::from(largest);
            assert!(
                error < 2e-4,
                "tensor {which}[{i}]: {} for {numerical}",
                analytical[i]
            );
        }
    }
}

fn weighted_sum(output: &[f64], gradient: &[f32]) -> f64 {
    output
        .iter()
        .zip(gradient)
        .map(|(o, g)| o * f64::from(*g))
        .sum()
}

fn block_agrees(block: &Block) {
    let input = values(block.shape.len(), 31);
    let kernel = block.kernel();
    let (output, _, saved) = kernel.forward(&input, block.shape, Statistics::Batch);
    let parameters = block.parameters(&input);
    assert_close(&output, &block.reference(&parameters), 2e-5, "output");

    let gradient = values(output.len(), 32);
    let (gradients, of_input) = kernel.backward(&saved, &input, block.shape, &gradient, true);
    let layer =
        |layer: kernels::ConvNormGradient| [layer.weights, layer.norm.weight, layer.norm.bias];
    let mut analytical = vec![of_input.unwrap()];
    analytical.extend(gradients.expand.map(layer).into_iter().flatten());
    analytical.extend(layer(gradients.depthwise));
    let squeeze = gradients.squeeze_excitation;
    analytical.extend([
        squeeze.reduce,
        squeeze.reduce_bias,
        squeeze.expand,
        squeeze.expand_bias,
    ]);
    analytical.extend(layer(gradients.project));
    assert_gradients(&parameters, &analytical, |parameters| {
        weighted_sum(&block.reference(parameters), &gradient)
    });
}

fn shape(batch: usize, height: usize, width: usize, channels: usize) -> Shape {
    Shape {
        batch,
        height,
        width,
        channels,
    }
}

fn window(kernel: usize, stride: usize, padding: Padding) -> Window {
    Window {
        kernel,
        stride,
        padding,
    }
}

#[test]
fn a_block_that_narrows() {
    block_agrees(&Block::new(
        shape(3, 6, 5, 4),
        window(3, 2, Padding::Same),
        6,
        5,
    ));
    block_agrees(&Block::new(
        shape(2, 7, 7, 3),
        window(5, 2, Padding::Symmetric),
        6,
        4,
    ));
}

#[test]
fn a_block_with_residual_and_dropped_branches() {
    block_agrees(&Block::new(
        shape(4, 5, 6, 5),
        window(5, 1, Padding::Same),
        6,
        5,
    ));
    block_agrees(&Block::new(
        shape(3, 4, 4, 8),
        window(3, 1, Padding::Symmetric),
        6,
        8,
    ));
}

#[test]
fn a_block_without_expansion() {
    block_agrees(&Block::new(
        shape(2, 6, 6, 9),
        window(3, 1, Padding::Same),
        1,
        4,
    ));
    block_agrees(&Block::new(
        shape(2, 5, 5, 6),
        window(3, 1, Padding::Same),
        1,
        6,
    ));
}

#[test]
fn a_block_of_one_image() {
    block_agrees(&Block::new(
        shape(1, 9, 8, 4),
        window(5, 2, Padding::Same),
        6,
        6,
    ));
}

#[test]
fn the_stem() {
    let shape = shape(2, 9, 7, 3);
    let window = window(3, 2, Padding::Same);
    let layer = Layer::new(5, 27, 41);
    let images = values(shape.len(), 42);
    let stem = Stem {
        conv: layer.conv_norm(),
        window,
    };
    let (output, _, saved) = stem.forward(&images, shape, Statistics::Batch);
    let parameters = [&layer.weights, &layer.gamma, &layer.beta].map(|v| double(v));
    let forward = |p: &[Vec<f64>]| {
        let convolved = reference::dense(&double(&images), &p[0], shape, window);
        reference::silu(reference::batch_norm(
            &convolved,
            &p[1],
            &p[2],
            f64::from(EPSILON),
        ))
    };
    assert_close(&output, &forward(&parameters), 1e-5, "output");
    let gradient = values(output.len(), 43);
    let analytical = stem.backward(&saved, &images, shape, &gradient);
    let analytical = [
        analytical.weights,
        analytical.norm.weight,
        analytical.norm.bias,
    ];
    assert_gradients(&parameters, &analytical, |p| {
        weighted_sum(&forward(p), &gradient)
    });
}

#[test]
fn the_head() {
    let shape = shape(3, 3, 2, 7);
    let layer = Layer::new(19, 7, 51);
    let input = values(shape.len(), 52);
    let head = Head {
        conv: layer.conv_norm(),
    };
    let (output, _, saved) = head.forward(&input, shape, Statistics::Batch);
    let parameters = [&input, &layer.weights, &layer.gamma, &layer.beta].map(|v| double(v));
    let forward = |p: &[Vec<f64>]| -> Vec<f64> {
        let convolved = reference::linear(&p[0], &p[1], shape.channels);
        let features = reference::silu(reference::batch_norm(
            &convolved,
            &p[2],
            &p[3],
            f64::from(EPSILON),
        ));
        let channels = p[2].len();
        features
            .chunks(shape.positions() * channels)
            .flat_map(|image| {
                (0..channels).map(|c| {
                    let sum: f64 = image.iter().skip(c).step_by(channels).sum();
                    sum / shape.positions() as f64
                })
            })
            .collect()
    };
    assert_close(&output, &forward(&parameters), 1e-5, "output");
    let gradient = values(output.len(), 53);
    let (analytical, of_input) = head.backward(&saved, &input, shape, &gradient, true);
    let analytical = [
        of_input.unwrap(),
        analytical.weights,
        analytical.norm.weight,
        analytical.norm.bias,
    ];
    assert_gradients(&parameters, &analytical, |p| {
        weighted_sum(&forward(p), &gradient)
    });
}
