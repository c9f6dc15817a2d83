//! Squeeze-and-excitation (Hu et al. 2018): a gate for every channel of an
//! image, computed from the channels' means.

use crate::{
    elementwise,
    matrix::{Matrix, Write, multiply},
};

/// The two small fully connected layers.
///
/// # Shapes
/// - reduce: `[squeezed, channels]`, reduce_bias: `[squeezed]`
/// - expand: `[channels, squeezed]`, expand_bias: `[channels]`
#[derive(Debug, Clone, Copy)]
pub struct SqueezeExcitation<'a> {
    /// Weights of the first layer, SiLU after it.
    pub reduce: &'a [f32],
    /// Bias of the first layer.
    pub reduce_bias: &'a [f32],
    /// Weights of the second layer, a sigmoid after it.
    pub expand: &'a [f32],
    /// Bias of the second layer.
    pub expand_bias: &'a [f32],
}

/// Gradients of [`SqueezeExcitation`], of the same shapes.
#[derive(Debug, Clone, PartialEq)]
pub struct SqueezeExcitationGradient {
    /// Of the first layer's weights.
    pub reduce: Vec<f32>,
    /// Of the first layer's bias.
    pub reduce_bias: Vec<f32>,
    /// Of the second layer's weights.
    pub expand: Vec<f32>,
    /// Of the second layer's bias.
    pub expand_bias: Vec<f32>,
}

/// What a forward pass computed.
///
/// # Shapes
/// - means, gates: `[batch, channels]`
/// - reduced, activated: `[batch, squeezed]`, before and after SiLU
#[derive(Debug)]
pub struct Gates {
    means: Vec<f32>,
    reduced: Vec<f32>,
    activated: Vec<f32>,
    /// Factors of the channels, `[batch, channels]`, in `(0, 1)`.
    pub gates: Vec<f32>,
}

impl SqueezeExcitation<'_> {
    fn squeezed(&self) -> usize {
        self.reduce_bias.len()
    }

    fn channels(&self) -> usize {
        self.expand_bias.len()
    }

    /// Gates from means `[batch, channels]`.
    pub fn gates(&self, means: Vec<f32>) -> Gates {
        let reduced = linear(&means, self.reduce, self.reduce_bias);
        let activated = elementwise::silu(&reduced);
        let logits = linear(&activated, self.expand, self.expand_bias);
        Gates {
            gates: elementwise::sigmoid(&logits),
            means,
            reduced,
            activated,
        }
    }

    /// Gradients of the layers and of the means, from those of the gates
    /// `[batch, channels]`.
    pub fn backward(
        &self,
        saved: &Gates,
        gradient: &[f32],
    ) -> (SqueezeExcitationGradient, Vec<f32>) {
        let logits: Vec<f32> = gradient
            .iter()
            .zip(&saved.gates)
            .map(|(gradient, gate)| gradient * gate * (1.0 - gate))
            .collect();
        let (expand, expand_bias, mut reduced) =
            linear_gradient(&logits, &saved.activated, self.expand, self.channels());
        let slopes = elementwise::silu_derivative(&saved.reduced);
        for (gradient, slope) in reduced.iter_mut().zip(slopes) {
            *gradient *= slope;
        }
        let (reduce, reduce_bias, means) =
            linear_gradient(&reduced, &saved.means, self.reduce, self.squeezed());
        let parameters = SqueezeExcitationGradient {
            reduce,
            reduce_bias,
            expand,
            expand_bias,
        };
        (parameters, means)
    }
}

/// `input weights^T + bias`.
fn linear(input: &[f32], weights: &[f32], bias: &[f32]) -> Vec<f32> {
    let inputs = weights.len() / bias.len();
    let batch = input.len() / inputs;
    let mut output = bias.repeat(batch);
    let weights = Matrix::new(weights, inputs).transposed();
    multiply(&mut output, Write::Add, Matrix::new(input, inputs), weights);
    output
}

/// Gradients of weights, bias and input of [`linear`].
fn linear_gradient(
    gradient: &[f32],
    input: &[f32],
    weights: &[f32],
    outputs: usize,
) -> (Vec<f32>, Vec<f32>, Vec<f32>) {
    let inputs = weights.len() / outputs;
    let by_row = Matrix::new(gradient, outputs);
    let mut of_weights = vec![0.0; weights.len()];
    let input = Matrix::new(input, inputs);
    multiply(&mut of_weights, Write::Replace, by_row.transposed(), input);
    let mut of_bias = vec![0.0; outputs];
    for row in gradient.chunks(outputs) {
        for (total, value) in of_bias.iter_mut().zip(row) {
            *total += value;
        }
    }
    let mut of_input = vec![0.0; gradient.len() / outputs * inputs];
    multiply(
        &mut of_input,
        Write::Replace,
        by_row,
        Matrix::new(weights, inputs),
    );
    (of_weights, of_bias, of_input)
}
