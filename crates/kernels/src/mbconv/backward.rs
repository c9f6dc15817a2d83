//! Backward pass of the block.

use rayon::prelude::*;

use super::{ConvNormGradient, MbConv, MbConvGradient, MbConvSaved, Normalised, project};
use crate::{
    Buffer, Shape, activation::activation_gradient, depthwise, matrix::Write, norm::GradientSums,
    pointwise, tiles::tiles,
};

impl MbConv<'_> {
    /// Gradients of the parameters, and of the input if it is `wanted`, from
    /// that of the output.
    ///
    /// # Shapes
    /// - input and the second result: `shape`
    /// - gradient: [`self.output(shape)`](Self::output)
    pub fn backward(
        &self,
        saved: &MbConvSaved,
        input: &[f32],
        shape: Shape,
        gradient: &[f32],
        wanted: bool,
    ) -> (MbConvGradient, Option<Vec<f32>>) {
        let MbConvSaved {
            expand,
            depthwise,
            gates,
            project,
            branch_factors,
        } = saved;
        let out_shape = self.output(shape);
        let narrowed = out_shape.with_channels(self.expanded());

        let sums = project_sums(project, gradient, branch_factors, out_shape);
        let (project_norm, of_project) = project.norm.gradient(&sums);
        let mut narrow_gradient = Buffer::new(narrowed.len());
        let (project_weights, of_gates) = project::backward(
            project::Saved {
                input: depthwise,
                gates,
                weights: self.project.weights,
                output: &project.output,
                branch_factors,
            },
            gradient,
            &of_project,
            narrowed,
            &mut narrow_gradient,
        );

        let (squeeze_excitation, of_means) = self.squeeze_excitation.backward(gates, &of_gates);
        let sums = through_gates(
            &mut narrow_gradient,
            depthwise,
            &gates.gates,
            of_means,
            narrowed,
        );
        let (depthwise_norm, of_depthwise) = depthwise.norm.gradient(&sums);

        let wide = shape.with_channels(self.expanded());
        let mut wide_gradient = Buffer::new(wide.len());
        let of_weights = depthwise::backward(
            depthwise::Saved {
                input: expand.as_ref().map_or(input, |expand| &*expand.output),
                norm: expand.as_ref().map(|expand| &expand.norm),
                weights: &depthwise::channels_last(self.depthwise.weights, self.window),
                output: &depthwise.output,
            },
            &narrow_gradient,
            &of_depthwise,
            wide,
            self.window,
            &mut wide_gradient,
        );
        drop(narrow_gradient);

        let mut input_gradient = wanted.then(|| match self.residual {
            true => gradient.to_vec(),
            false => vec![0.0; shape.len()],
        });
        let expand_gradient = match (self.expand, expand) {
            (Some(conv), Some(expand)) => {
                let (norm, of_expand) = expand.norm.gradient(&of_weights.sums);
                let weights = pointwise::backward(
                    pointwise::Saved {
                        input,
                        weights: conv.weights,
                        output: &expand.output,
                    },
                    &wide_gradient,
                    &of_expand,
                    shape,
                    input_gradient
                        .as_deref_mut()
                        .map(|values| (values, Write::Add)),
                );
                Some(ConvNormGradient { weights, norm })
            }
            _ => {
                if let Some(total) = &mut input_gradient {
                    for (total, value) in total.iter_mut().zip(wide_gradient.iter()) {
                        *total += value;
                    }
                }
                None
            }
        };
        let gradients = MbConvGradient {
            expand: expand_gradient,
            depthwise: ConvNormGradient {
                weights: depthwise::channels_first(&of_weights.weights, self.window),
                norm: depthwise_norm,
            },
            squeeze_excitation,
            project: ConvNormGradient {
                weights: project_weights,
                norm: project_norm,
            },
        };
        (gradients, input_gradient)
    }
}

/// Sums for the projection's normalisation, a tile each.
fn project_sums(
    project: &Normalised,
    gradient: &[f32],
    branch_factors: &[f32],
    shape: Shape,
) -> Vec<GradientSums> {
    let channels = shape.channels;
    tiles(shape, 2 * channels)
        .par_iter()
        .map(|tile| {
            let mut sums = GradientSums::zeros(channels);
            let all = tile.values(channels);
            for (image, rows) in tile.images() {
                let values = all.start + rows.start * channels..all.start + rows.end * channels;
                project.norm.sum_gradient(
                    &gradient[values.clone()],
                    branch_factors[image],
                    &project.output[values],
                    &mut sums,
                );
            }
            sums
        })
        .collect()
}

/// Takes the gradient of the gated activations back to the normalised
/// depthwise output, in place.
fn through_gates(
    gradient: &mut [f32],
    depthwise: &Normalised,
    gates: &[f32],
    mut of_means: Vec<f32>,
    shape: Shape,
) -> Vec<GradientSums> {
    // A mean's gradient spreads over its positions.
    for value in &mut of_means {
        *value /= shape.positions() as f32;
    }
    gradient
        .par_chunks_mut(shape.image_len())
        .zip(depthwise.output.par_chunks(shape.image_len()))
        .zip(
            gates
                .par_chunks(shape.channels)
                .zip(of_means.par_chunks(shape.channels)),
        )
        .flat_map_iter(|((gradient, output), (gate, of_mean))| {
            // Parts of an image that fit in the cache, with sums of their own.
            let part = 256 * shape.channels;
            gradient
                .chunks_mut(part)
                .zip(output.chunks(part))
                .map(|(gradient, output)| {
                    let mut sums = GradientSums::zeros(shape.channels);
                    activation_gradient(
                        gradient,
                        output,
                        &depthwise.norm,
                        gate,
                        of_mean,
                        &mut sums,
                    );
                    sums
                })
        })
        .collect()
}
