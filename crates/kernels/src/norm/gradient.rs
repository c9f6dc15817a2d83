//! The gradient of a batch normalisation.

use super::Normalisation;

/// Gradients of a normalisation's parameters.
///
/// # Shapes
/// - both: `[channels]`
#[derive(Debug, Clone, PartialEq)]
pub struct NormGradient {
    /// Of the scale.
    pub weight: Vec<f32>,
    /// Of the shift.
    pub bias: Vec<f32>,
}

/// Sums over positions that a normalisation's gradient is made of.
///
/// # Shapes
/// - both: `[channels]`
#[derive(Debug, Clone)]
pub struct GradientSums {
    /// Sum of the gradient.
    pub sum: Vec<f32>,
    /// Sum of the gradient times the centred input.
    pub centred: Vec<f32>,
}

impl GradientSums {
    /// Sums over no position.
    pub fn zeros(channels: usize) -> Self {
        Self {
            sum: vec![0.0; channels],
            centred: vec![0.0; channels],
        }
    }
}

/// The gradient with respect to a normalisation's input, itself a linear
/// function per channel: `gradient * of_gradient + input * of_input + constant`.
///
/// # Shapes
/// - all: `[channels]`
#[derive(Debug, Clone)]
pub struct InputGradient {
    /// Factor of the gradient of the normalised values.
    pub of_gradient: Vec<f32>,
    /// Factor of the normalisation's input.
    pub of_input: Vec<f32>,
    /// What is added.
    pub constant: Vec<f32>,
}

impl Normalisation {
    /// Gradients from the sums of tiles, added in their order in double precision.
    pub fn gradient(&self, parts: &[GradientSums]) -> (NormGradient, InputGradient) {
        let channels = self.scale.len();
        let mut weight = Vec::with_capacity(channels);
        let mut bias = Vec::with_capacity(channels);
        let mut of_input = Vec::with_capacity(channels);
        let mut constant = Vec::with_capacity(channels);
        for channel in 0..channels {
            let total = |values: fn(&GradientSums) -> &[f32]| -> f64 {
                parts
                    .iter()
                    .map(|part| f64::from(values(part)[channel]))
                    .sum()
            };
            let sum = total(|part| &part.sum);
            let inverse = f64::from(self.inverse_deviation[channel]);
            let normalised = total(|part| &part.centred) * inverse;
            weight.push(normalised as f32);
            bias.push(sum as f32);
            // With the batch's statistics, the mean and the variance depend on
            // every input.
            let (slope, offset) = match self.count {
                Some(count) => {
                    let scale = f64::from(self.scale[channel]) / count as f64;
                    let slope = -scale * inverse * normalised;
                    (slope, -scale * sum - slope * f64::from(self.mean[channel]))
                }
                None => (0.0, 0.0),
            };
            of_input.push(slope as f32);
            constant.push(offset as f32);
        }
        let input = InputGradient {
            of_gradient: self.scale.clone(),
            of_input,
            constant,
        };
        (NormGradient { weight, bias }, input)
    }
}
