//! Forward pass of the block.

use rayon::prelude::*;

use super::{MbConv, MbConvMoments, MbConvSaved, Normalised, project};
use crate::{
    Buffer, Normalisation, Shape, Statistics,
    activation::sum_activated,
    depthwise, pointwise,
    tiles::{split, tiles},
};

impl MbConv<'_> {
    /// The block's output, the moments of the batch, and what
    /// [`backward`](Self::backward) needs.
    ///
    /// # Shapes
    /// - input: `shape`
    /// - output: [`self.output(shape)`](Self::output)
    pub fn forward(
        &self,
        input: &[f32],
        shape: Shape,
        statistics: Statistics,
    ) -> (Vec<f32>, MbConvMoments, MbConvSaved) {
        let wide = shape.with_channels(self.expanded());
        let expanded = self.expand.map(|expand| {
            let mut output = Buffer::new(wide.len());
            let moments = pointwise::forward(input, expand.weights, shape, &mut output);
            let norm = Normalisation::new(expand.norm, statistics, &moments);
            (Normalised { output, norm }, moments)
        });
        let narrowed = self.window.output(wide);
        let mut output = Buffer::new(narrowed.len());
        let (source, norm) = match &expanded {
            Some((expanded, _)) => (&*expanded.output, Some(&expanded.norm)),
            None => (input, None),
        };
        let weights = depthwise::channels_last(self.depthwise.weights, self.window);
        let moments = depthwise::forward(source, norm, &weights, wide, self.window, &mut output);
        let norm = Normalisation::new(self.depthwise.norm, statistics, &moments);
        let depthwise = Normalised { output, norm };

        let means = channel_means(&depthwise, narrowed);
        let gates = self.squeeze_excitation.gates(means);

        let out_shape = self.output(shape);
        let mut output = Buffer::new(out_shape.len());
        let project_moments = project::forward(
            &depthwise,
            &gates,
            self.project.weights,
            narrowed,
            &mut output,
        );
        let norm = Normalisation::new(self.project.norm, statistics, &project_moments);
        let project = Normalised { output, norm };

        let branch_factors = match self.branch_factors {
            Some(factors) => factors.to_vec(),
            None => vec![1.0; shape.batch],
        };
        let residual = self.residual.then_some(input);
        let output = finish(&project, out_shape, residual, &branch_factors);
        let (expand, expand_moments) = expanded.unzip();
        (
            output,
            MbConvMoments {
                expand: expand_moments,
                depthwise: moments,
                project: project_moments,
            },
            MbConvSaved {
                expand,
                depthwise,
                gates,
                project,
                branch_factors,
            },
        )
    }
}

/// Means of the activated channels of every image, `[batch, channels]`.
fn channel_means(input: &Normalised, shape: Shape) -> Vec<f32> {
    let mut means = vec![0.0; shape.batch * shape.channels];
    means
        .par_chunks_mut(shape.channels)
        .zip(input.output.par_chunks(shape.image_len()))
        .for_each(|(means, image)| {
            // A part of the image at a time, so that sums stay accurate.
            for part in image.chunks(256 * shape.channels) {
                sum_activated(part, &input.norm, means);
            }
            for mean in means {
                *mean /= shape.positions() as f32;
            }
        });
    means
}

/// The normalised projection, times the branch's factors, plus the residual.
fn finish(
    project: &Normalised,
    shape: Shape,
    residual: Option<&[f32]>,
    branch_factors: &[f32],
) -> Vec<f32> {
    let mut output = match residual {
        Some(input) => input.to_vec(),
        None => vec![0.0; shape.len()],
    };
    let tiles = tiles(shape, 3 * shape.channels);
    let outputs = split(
        &mut output,
        tiles.iter().map(|tile| tile.values(shape.channels).len()),
    );
    tiles.par_iter().zip(outputs).for_each(|(tile, output)| {
        let source = &project.output[tile.values(shape.channels)];
        for (image, rows) in tile.images() {
            let values = rows.start * shape.channels..rows.end * shape.channels;
            project.norm.apply(
                &source[values.clone()],
                branch_factors[image],
                residual.is_some(),
                &mut output[values],
            );
        }
    });
    output
}
