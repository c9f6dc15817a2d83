//! Golden files made by PyTorch's autograd, see `tests/fixtures/README.md`.

use std::{collections::BTreeMap, path::Path};

use kernels::{
    ConvNorm, ConvNormGradient, Head, MbConv, Moments, Norm, Normalisation, Padding, Shape,
    SqueezeExcitation, Statistics, Stem, Window, Write,
    activation::{activate, activation_gradient},
    depthwise,
    norm::{GradientSums, InputGradient, TileMoments},
    pointwise, sigmoid, silu, silu_derivative,
};
use safetensors::SafeTensors;

use crate::reference::{assert_close, double};

/// Float32 against float64 rounded once; sums here are short.
const TOLERANCE: f64 = 2e-5;

struct Case {
    name: String,
    tensors: BTreeMap<String, (Vec<usize>, Vec<f32>)>,
}

impl Case {
    fn read(path: &Path) -> Self {
        let bytes = std::fs::read(path).unwrap();
        let tensors = SafeTensors::deserialize(&bytes)
            .unwrap()
            .iter()
            .map(|(name, view)| {
                let (values, _) = view.data().as_chunks::<4>();
                let values = values.iter().copied().map(f32::from_le_bytes).collect();
                (name.to_owned(), (view.shape().to_vec(), values))
            })
            .collect();
        Self {
            name: path.file_stem().unwrap().to_str().unwrap().to_owned(),
            tensors,
        }
    }

    fn get(&self, name: &str) -> &[f32] {
        let found = self.tensors.get(name);
        &found
            .unwrap_or_else(|| panic!("{}: no {name}", self.name))
            .1
    }

    fn has(&self, name: &str) -> bool {
        self.tensors.contains_key(name)
    }

    fn shape(&self, name: &str) -> Shape {
        match *self.tensors[name].0.as_slice() {
            [batch, height, width, channels] => Shape {
                batch,
                height,
                width,
                channels,
            },
            _ => panic!("{}: {name} has not four dimensions", self.name),
        }
    }

    /// The window, from the name: `.._k3_s2_same_..`.
    fn window(&self) -> Window {
        let number = |prefix: char| {
            let mut parts = self
                .name
                .split('_')
                .filter_map(|part| part.strip_prefix(prefix));
            parts.find_map(|rest| rest.parse().ok())
        };
        Window {
            kernel: number('k').unwrap_or(3),
            stride: number('s').unwrap_or(2),
            padding: match self.name.contains("symmetric") {
                true => Padding::Symmetric,
                false => Padding::Same,
            },
        }
    }

    fn norm(&self, prefix: &str) -> Norm<'_> {
        Norm {
            weight: self.get(&format!("{prefix}weight")),
            bias: self.get(&format!("{prefix}bias")),
            running_mean: self.get(&format!("{prefix}running_mean_before")),
            running_variance: self.get(&format!("{prefix}running_var_before")),
            epsilon: 1e-3,
        }
    }

    fn conv_norm<'a>(&'a self, weights: &'a [f32], norm: &str) -> ConvNorm<'a> {
        ConvNorm {
            weights,
            norm: self.norm(norm),
        }
    }

    fn check(&self, ours: &[f32], name: &str) {
        let what = format!("{}: {name}", self.name);
        assert_close(ours, &double(self.get(name)), TOLERANCE, &what);
    }

    fn check_moments(&self, moments: &Moments, prefix: &str) {
        self.check(&moments.mean, &format!("{prefix}mean"));
        self.check(&moments.variance, &format!("{prefix}var"));
    }

    fn check_layer(&self, layer: &ConvNormGradient, conv: &str, norm: &str) {
        self.check(&layer.weights, &format!("grad_{conv}.weight"));
        self.check(&layer.norm.weight, &format!("grad_{norm}.weight"));
        self.check(&layer.norm.bias, &format!("grad_{norm}.bias"));
    }
}

/// Runs `check` on every case whose name starts with `prefix`.
fn for_cases(prefix: &str, expected: usize, check: impl Fn(&Case)) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures");
    let mut cases = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap();
        if name.starts_with(prefix) && name.ends_with(".safetensors") {
            check(&Case::read(&path));
            cases += 1;
        }
    }
    assert_eq!(cases, expected, "{prefix}");
}

fn identity(channels: usize) -> InputGradient {
    InputGradient {
        of_gradient: vec![1.0; channels],
        of_input: vec![0.0; channels],
        constant: vec![0.0; channels],
    }
}

/// Channels-last images as the stem takes them.
fn channels_first(values: &[f32], shape: Shape) -> Vec<f32> {
    let positions = shape.positions();
    (0..values.len())
        .map(|i| {
            let (image, rest) = (i / shape.image_len(), i % shape.image_len());
            let (channel, position) = (rest / positions, rest % positions);
            values[image * shape.image_len() + position * shape.channels + channel]
        })
        .collect()
}

#[test]
fn activations() {
    for_cases("activations", 1, |case| {
        let input = case.get("input");
        case.check(&silu(input), "silu");
        case.check(&silu_derivative(input), "silu_derivative");
        case.check(&sigmoid(input), "sigmoid");
    });
}

#[test]
fn batch_normalisation() {
    for_cases("batch_norm_train", 5, |case| {
        let (input, channels) = (case.get("input"), case.shape("input").channels);
        let moments = Moments::combine(&[TileMoments::of(input, channels)]);
        case.check_moments(&moments, "");
        let norm = Normalisation::new(case.norm(""), Statistics::Batch, &moments);
        let (ones, zeros) = (vec![1.0; channels], vec![0.0; channels]);
        let mut output = vec![0.0; input.len()];
        let mut gradient = case.get("grad_output").to_vec();
        let mut sums = GradientSums::zeros(channels);
        if case.name.contains("silu") {
            activate(input, &norm, &ones, &mut output);
            activation_gradient(&mut gradient, input, &norm, &ones, &zeros, &mut sums);
        } else {
            norm.apply(input, 1.0, false, &mut output);
            norm.sum_gradient(&gradient, 1.0, input, &mut sums);
        }
        case.check(&output, "output");
        let (of_parameters, of_input) = norm.gradient(&[sums]);
        case.check(&of_parameters.weight, "grad_weight");
        case.check(&of_parameters.bias, "grad_bias");
        of_input.apply(&gradient, 1.0, input, &mut output);
        case.check(&output, "grad_input");
    });
}

#[test]
fn depthwise_convolutions() {
    for_cases("depthwise", 18, |case| {
        let (shape, window) = (case.shape("input"), case.window());
        let (input, weights) = (case.get("input"), case.get("weight"));
        let mut output = vec![0.0; window.output(shape).len()];
        depthwise::forward(input, None, weights, shape, window, &mut output);
        case.check(&output, "output");
        let mut of_input = vec![0.0; input.len()];
        let saved = depthwise::Saved {
            input,
            norm: None,
            weights,
            output: &output,
        };
        let of_output = identity(shape.channels);
        let gradient = case.get("grad_output");
        let result = depthwise::backward(saved, gradient, &of_output, shape, window, &mut of_input);
        case.check(&of_input, "grad_input");
        case.check(&result.weights, "grad_weight");
    });
}

#[test]
fn pointwise_convolutions() {
    for_cases("pointwise", 2, |case| {
        let shape = case.shape("input");
        let (input, weights) = (case.get("input"), case.get("weight"));
        let channels_out = case.shape("output").channels;
        let mut output = vec![0.0; shape.rows() * channels_out];
        pointwise::forward(input, weights, shape, &mut output);
        case.check(&output, "output");
        let mut of_input = vec![0.0; input.len()];
        let saved = pointwise::Saved {
            input,
            weights,
            output: &output,
        };
        let of_weights = pointwise::backward(
            saved,
            case.get("grad_output"),
            &identity(channels_out),
            shape,
            Some((&mut of_input, Write::Replace)),
        );
        case.check(&of_input, "grad_input");
        case.check(&of_weights, "grad_weight");
    });
}

#[test]
fn squeeze_excitation() {
    for_cases("squeeze_excitation", 2, |case| {
        let shape = case.shape("input");
        let layers = SqueezeExcitation {
            reduce: case.get("conv_reduce.weight"),
            reduce_bias: case.get("conv_reduce.bias"),
            expand: case.get("conv_expand.weight"),
            expand_bias: case.get("conv_expand.bias"),
        };
        let input = case.get("input");
        // Sums over the positions of every image and channel.
        let sum = |values: &[f32]| -> Vec<f32> {
            values
                .chunks(shape.image_len())
                .flat_map(|image| {
                    let channel = |c: usize| image.iter().skip(c).step_by(shape.channels).sum();
                    (0..shape.channels).map(channel).collect::<Vec<f32>>()
                })
                .collect()
        };
        let at = |i: usize| i / shape.image_len() * shape.channels + i % shape.channels;
        let positions = shape.positions() as f32;
        let gates = layers.gates(sum(input).iter().map(|sum| sum / positions).collect());
        let output: Vec<f32> = input
            .iter()
            .enumerate()
            .map(|(i, value)| value * gates.gates[at(i)])
            .collect();
        case.check(&output, "output");

        let gradient = case.get("grad_output");
        let products: Vec<f32> = gradient.iter().zip(input).map(|(a, b)| a * b).collect();
        let (parameters, of_means) = layers.backward(&gates, &sum(&products));
        let of_input: Vec<f32> = gradient
            .iter()
            .enumerate()
            .map(|(i, value)| value * gates.gates[at(i)] + of_means[at(i)] / positions)
            .collect();
        case.check(&of_input, "grad_input");
        case.check(&parameters.reduce, "grad_conv_reduce.weight");
        case.check(&parameters.reduce_bias, "grad_conv_reduce.bias");
        case.check(&parameters.expand, "grad_conv_expand.weight");
        case.check(&parameters.expand_bias, "grad_conv_expand.bias");
    });
}

#[test]
fn stems() {
    for_cases("stem", 2, |case| {
        let shape = case.shape("input");
        let images = channels_first(case.get("input"), shape);
        let stem = Stem {
            conv: case.conv_norm(case.get("conv_stem.weight"), "bn1."),
            window: Window {
                kernel: 3,
                stride: 2,
                ..case.window()
            },
        };
        let (output, moments, saved) = stem.forward(&images, shape, Statistics::Batch);
        case.check(&output, "output");
        case.check_moments(&moments, "bn1.");
        let gradient = stem.backward(&saved, &images, shape, case.get("grad_output"));
        case.check_layer(&gradient, "conv_stem", "bn1");
    });
}

#[test]
fn heads() {
    for_cases("head", 1, |case| {
        let shape = case.shape("input");
        let head = Head {
            conv: case.conv_norm(case.get("conv_head.weight"), "bn2."),
        };
        let input = case.get("input");
        let (output, moments, saved) = head.forward(input, shape, Statistics::Batch);
        case.check(&output, "output");
        case.check_moments(&moments, "bn2.");
        let gradient = case.get("grad_output");
        let (parameters, of_input) = head.backward(&saved, input, shape, gradient, true);
        case.check(&of_input.unwrap(), "grad_input");
        case.check_layer(&parameters, "conv_head", "bn2");
    });
}

#[test]
fn blocks() {
    for_cases("mbconv", 6, |case| {
        let (shape, window) = (case.shape("input"), case.window());
        let expands = case.has("conv_pwl.weight");
        // timm numbers a block's layers as they come.
        let (depthwise_norm, project, project_norm) = match expands {
            true => ("bn2", "conv_pwl", "bn3"),
            false => ("bn1", "conv_pw", "bn2"),
        };
        let dot = |name: &str| format!("{name}.");
        let channels_last = case.get("conv_dw.weight");
        let depthwise_weights = depthwise::channels_first(channels_last, window);
        let project_weights = case.get(&format!("{project}.weight"));
        let block = MbConv {
            expand: expands.then(|| case.conv_norm(case.get("conv_pw.weight"), "bn1.")),
            depthwise: case.conv_norm(&depthwise_weights, &dot(depthwise_norm)),
            window,
            squeeze_excitation: SqueezeExcitation {
                reduce: case.get("se.conv_reduce.weight"),
                reduce_bias: case.get("se.conv_reduce.bias"),
                expand: case.get("se.conv_expand.weight"),
                expand_bias: case.get("se.conv_expand.bias"),
            },
            project: case.conv_norm(project_weights, &dot(project_norm)),
            residual: shape == case.shape("output"),
            branch_factors: None,
        };
        let input = case.get("input");
        let (output, moments, saved) = block.forward(input, shape, Statistics::Batch);
        case.check(&output, "output");
        if let Some(moments) = &moments.expand {
            case.check_moments(moments, "bn1.");
        }
        case.check_moments(&moments.depthwise, &dot(depthwise_norm));
        case.check_moments(&moments.project, &dot(project_norm));

        let gradient = case.get("grad_output");
        let (mut parameters, of_input) = block.backward(&saved, input, shape, gradient, true);
        case.check(&of_input.unwrap(), "grad_input");
        if let Some(expand) = &parameters.expand {
            case.check_layer(expand, "conv_pw", "bn1");
        }
        let depthwise = &mut parameters.depthwise;
        depthwise.weights = depthwise::channels_last(&depthwise.weights, window);
        case.check_layer(depthwise, "conv_dw", depthwise_norm);
        let layers = &parameters.squeeze_excitation;
        case.check(&layers.reduce, "grad_se.conv_reduce.weight");
        case.check(&layers.reduce_bias, "grad_se.conv_reduce.bias");
        case.check(&layers.expand, "grad_se.conv_expand.weight");
        case.check(&layers.expand_bias, "grad_se.conv_expand.bias");
        case.check_layer(&parameters.project, project, project_norm);
    });
}
