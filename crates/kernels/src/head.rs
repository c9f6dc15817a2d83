//! The head: a 1x1 convolution, batch normalisation, SiLU and the mean over
//! positions.

use rayon::prelude::*;

use crate::{
    Buffer, ConvNorm, ConvNormGradient, Moments, Normalisation, Shape, Statistics,
    activation::{activation_gradient, sum_activated},
    matrix::Write,
    norm::GradientSums,
    pointwise,
};

/// The head's parameters.
///
/// # Shapes
/// - weights: `[features, channels]`
#[derive(Debug, Clone, Copy)]
pub struct Head<'a> {
    /// Convolution and normalisation.
    pub conv: ConvNorm<'a>,
}

/// What the backward pass needs of the forward pass.
#[derive(Debug)]
pub struct HeadSaved {
    output: Buffer,
    norm: Normalisation,
}

impl Head<'_> {
    fn features(&self) -> usize {
        self.conv.norm.bias.len()
    }

    /// Features of every image, the moments of the batch, and what the backward
    /// pass needs.
    ///
    /// # Shapes
    /// - input: `shape`
    /// - output: `[batch, features]`
    pub fn forward(
        &self,
        input: &[f32],
        shape: Shape,
        statistics: Statistics,
    ) -> (Vec<f32>, Moments, HeadSaved) {
        let wide = shape.with_channels(self.features());
        let mut output = Buffer::new(wide.len());
        let moments = pointwise::forward(input, self.conv.weights, shape, &mut output);
        let norm = Normalisation::new(self.conv.norm, statistics, &moments);
        let mut means = vec![0.0; shape.batch * wide.channels];
        means
            .par_chunks_mut(wide.channels)
            .zip(output.par_chunks(wide.image_len()))
            .for_each(|(means, image)| {
                sum_activated(image, &norm, means);
                for mean in means {
                    *mean /= shape.positions() as f32;
                }
            });
        (means, moments, HeadSaved { output, norm })
    }

    /// Gradients of the parameters, and of the input if it is `wanted`, from
    /// that of the output.
    ///
    /// # Shapes
    /// - input and the second result: `shape`
    /// - gradient: `[batch, features]`
    pub fn backward(
        &self,
        saved: &HeadSaved,
        input: &[f32],
        shape: Shape,
        gradient: &[f32],
        wanted: bool,
    ) -> (ConvNormGradient, Option<Vec<f32>>) {
        let features = self.features();
        let wide = shape.with_channels(features);
        let ones = vec![1.0; features];
        // A mean's gradient spreads over its positions, which have no other.
        let mut normalised = Buffer::zeros(wide.len());
        let sums: Vec<GradientSums> = normalised
            .par_chunks_mut(wide.image_len())
            .zip(saved.output.par_chunks(wide.image_len()))
            .zip(gradient.par_chunks(features))
            .map(|((target, output), gradient)| {
                let pooled: Vec<f32> = gradient
                    .iter()
                    .map(|value| value / shape.positions() as f32)
                    .collect();
                let mut sums = GradientSums::zeros(features);
                activation_gradient(target, output, &saved.norm, &ones, &pooled, &mut sums);
                sums
            })
            .collect();
        let (norm, of_output) = saved.norm.gradient(&sums);
        let mut input_gradient = wanted.then(|| vec![0.0; shape.len()]);
        let weights = pointwise::backward(
            pointwise::Saved {
                input,
                weights: self.conv.weights,
                output: &saved.output,
            },
            &normalised,
            &of_output,
            shape,
            input_gradient
                .as_deref_mut()
                .map(|values| (values, Write::Replace)),
        );
        (ConvNormGradient { weights, norm }, input_gradient)
    }
}
