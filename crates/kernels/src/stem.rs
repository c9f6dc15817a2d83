//! The stem: a dense convolution from pixels, batch normalisation and SiLU.

use rayon::prelude::*;

use crate::{
    Buffer, ConvNorm, ConvNormGradient, Moments, Normalisation, Shape, Statistics, Window,
    activation::{activate, activation_gradient},
    matrix::{Matrix, Write, multiply},
    norm::{GradientSums, TileMoments},
    pointwise::sum,
    tiles::{Tile, groups, split, tiles},
};

/// The stem's parameters and window.
///
/// # Shapes
/// - weights: `[channels_out, channels_in, kernel, kernel]`
#[derive(Debug, Clone, Copy)]
pub struct Stem<'a> {
    /// Convolution and normalisation.
    pub conv: ConvNorm<'a>,
    /// Window of the convolution.
    pub window: Window,
}

/// What the backward pass needs of the forward pass.
#[derive(Debug)]
pub struct StemSaved {
    output: Buffer,
    norm: Normalisation,
}

impl Stem<'_> {
    fn channels_out(&self) -> usize {
        self.conv.norm.bias.len()
    }

    /// The shape that the stem makes of `images`.
    pub fn output(&self, images: Shape) -> Shape {
        self.window
            .output(images)
            .with_channels(self.channels_out())
    }

    /// Activations, the moments of the batch, and what the backward pass needs.
    ///
    /// # Shapes
    /// - images: `[batch, channels, height, width]` with the sizes of `shape`:
    ///   channels first, as pixels come
    /// - output: [`self.output(shape)`](Self::output), channels last
    pub fn forward(
        &self,
        images: &[f32],
        shape: Shape,
        statistics: Statistics,
    ) -> (Vec<f32>, Moments, StemSaved) {
        let out_shape = self.output(shape);
        let channels_out = out_shape.channels;
        let patch_len = self.conv.weights.len() / channels_out;
        let tiles = tiles(out_shape, patch_len + channels_out);
        let mut convolved = Buffer::new(out_shape.len());
        let lens = || tiles.iter().map(|tile| tile.values(channels_out).len());
        let parts: Vec<TileMoments> = tiles
            .par_iter()
            .zip(split(&mut convolved, lens()))
            .map(|(tile, output)| {
                let patches = self.patches(images, shape, tile, patch_len);
                let weights = Matrix::new(self.conv.weights, patch_len).transposed();
                multiply(
                    output,
                    Write::Replace,
                    Matrix::new(&patches, patch_len),
                    weights,
                );
                TileMoments::of(output, channels_out)
            })
            .collect();
        let moments = Moments::combine(&parts);
        let norm = Normalisation::new(self.conv.norm, statistics, &moments);
        let ones = vec![1.0; channels_out];
        let mut output = vec![0.0; out_shape.len()];
        tiles
            .par_iter()
            .zip(split(&mut output, lens()))
            .for_each(|(tile, output)| {
                activate(&convolved[tile.values(channels_out)], &norm, &ones, output);
            });
        let saved = StemSaved {
            output: convolved,
            norm,
        };
        (output, moments, saved)
    }

    /// Gradients of the parameters from that of the output. Pixels get none.
    ///
    /// # Shapes
    /// - images: as in [`forward`](Self::forward)
    /// - gradient: [`self.output(shape)`](Self::output)
    pub fn backward(
        &self,
        saved: &StemSaved,
        images: &[f32],
        shape: Shape,
        gradient: &[f32],
    ) -> ConvNormGradient {
        let out_shape = self.output(shape);
        let channels_out = out_shape.channels;
        let patch_len = self.conv.weights.len() / channels_out;
        let tiles = tiles(out_shape, patch_len + 2 * channels_out);
        let (ones, zeros) = (vec![1.0; channels_out], vec![0.0; channels_out]);
        let mut normalised = Buffer::new(out_shape.len());
        let sums: Vec<GradientSums> = tiles
            .par_iter()
            .zip(split(
                &mut normalised,
                tiles.iter().map(|tile| tile.values(channels_out).len()),
            ))
            .map(|(tile, target)| {
                let values = tile.values(channels_out);
                target.copy_from_slice(&gradient[values.clone()]);
                let mut sums = GradientSums::zeros(channels_out);
                let output = &saved.output[values];
                activation_gradient(target, output, &saved.norm, &ones, &zeros, &mut sums);
                sums
            })
            .collect();
        let (norm, of_output) = saved.norm.gradient(&sums);
        let groups: Vec<&[Tile]> = groups(&tiles).collect();
        let parts: Vec<Buffer> = groups
            .par_iter()
            .map(|group| {
                let mut part = Buffer::zeros(self.conv.weights.len());
                for tile in *group {
                    let values = tile.values(channels_out);
                    let mut scratch = Buffer::new(values.len());
                    let output = &saved.output[values.clone()];
                    of_output.apply(&normalised[values], 1.0, output, &mut scratch);
                    let patches = self.patches(images, shape, tile, patch_len);
                    let gradient = Matrix::new(&scratch, channels_out).transposed();
                    let patches = Matrix::new(&patches, patch_len);
                    multiply(&mut part, Write::Add, gradient, patches);
                }
                part
            })
            .collect();
        ConvNormGradient {
            weights: sum(&parts),
            norm,
        }
    }

    /// What the window sees at every position of a tile, in the weights' order:
    /// `[rows, channels_in * kernel * kernel]`.
    fn patches(&self, images: &[f32], shape: Shape, tile: &Tile, patch_len: usize) -> Buffer {
        let Window { kernel, stride, .. } = self.window;
        let out_shape = self.output(shape);
        let (top, left) = (
            self.window.zeros_before(shape.height) as isize,
            self.window.zeros_before(shape.width) as isize,
        );
        let plane = shape.positions();
        let mut patches = Buffer::zeros(tile.len() * patch_len);
        let mut targets = patches.chunks_mut(patch_len);
        for (image, rows) in tile.images() {
            let image_values = &images[image * shape.image_len()..(image + 1) * shape.image_len()];
            let first = tile.first_position(image);
            for (position, target) in (first..first + rows.len()).zip(&mut targets) {
                let row = (position / out_shape.width * stride) as isize - top;
                let column = (position % out_shape.width * stride) as isize - left;
                // Columns of the kernel that lie inside the picture.
                let inside = (-column).max(0) as usize
                    ..kernel.min((shape.width as isize - column).max(0) as usize);
                for channel in 0..shape.channels {
                    for k in 0..kernel {
                        let source_row = row + k as isize;
                        if !(0..shape.height as isize).contains(&source_row) {
                            continue;
                        }
                        let source = channel * plane + source_row as usize * shape.width;
                        let into = (channel * kernel + k) * kernel;
                        for i in inside.clone() {
                            let from = source + (column + i as isize) as usize;
                            target[into + i] = image_values[from];
                        }
                    }
                }
            }
        }
        patches
    }
}
