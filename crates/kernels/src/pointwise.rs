//! 1x1 convolution: one matrix product, cut into tiles that stay in the cache
//! for what comes before and after it.

use rayon::prelude::*;

use crate::{
    Buffer, Shape,
    matrix::{Matrix, Write, multiply},
    norm::{InputGradient, Moments, TileMoments},
    tiles::{Tile, groups, split, tiles},
};

/// `output = input weights^T`, and the moments of the output.
///
/// # Shapes
/// - input: `shape`
/// - weights: `[channels_out, channels_in]`
/// - output: `shape` with `channels_out`
pub fn forward(input: &[f32], weights: &[f32], shape: Shape, output: &mut [f32]) -> Moments {
    let channels_in = shape.channels;
    let channels_out = weights.len() / channels_in;
    let tiles = tiles(shape, channels_in + channels_out);
    let outputs = split(output, tiles.iter().map(|tile| tile.len() * channels_out));
    let parts: Vec<TileMoments> = tiles
        .par_iter()
        .zip(outputs)
        .map(|(tile, output)| {
            let input = Matrix::new(&input[tile.values(channels_in)], channels_in);
            let weights = Matrix::new(weights, channels_in).transposed();
            multiply(output, Write::Replace, input, weights);
            TileMoments::of(output, channels_out)
        })
        .collect();
    Moments::combine(&parts)
}

/// What the backward pass reads.
#[derive(Clone, Copy)]
pub struct Saved<'a> {
    /// The convolution's input.
    pub input: &'a [f32],
    /// `[channels_out, channels_in]`.
    pub weights: &'a [f32],
    /// The convolution's output, before its normalisation.
    pub output: &'a [f32],
}

/// The gradient of the weights, and of the input where there is room for it.
///
/// The gradient of the convolution's output is `of_output` applied to
/// `gradient`, the gradient of its normalised output.
///
/// # Shapes
/// - saved.input, input_gradient: `shape`
/// - gradient, saved.output: `shape` with `channels_out`
/// - result: `[channels_out, channels_in]`
pub fn backward(
    saved: Saved<'_>,
    gradient: &[f32],
    of_output: &InputGradient,
    shape: Shape,
    input_gradient: Option<(&mut [f32], Write)>,
) -> Vec<f32> {
    let channels_in = shape.channels;
    let channels_out = saved.weights.len() / channels_in;
    let tiles = tiles(shape, channels_in + channels_out);
    let groups: Vec<&[Tile]> = groups(&tiles).collect();
    let (write, mut input_gradients) = match input_gradient {
        Some((values, write)) => {
            let lens = groups
                .iter()
                .map(|group| group.iter().map(Tile::len).sum::<usize>() * channels_in);
            (write, split(values, lens).into_iter().map(Some).collect())
        }
        None => (Write::Replace, Vec::new()),
    };
    input_gradients.resize_with(groups.len(), || None);
    let parts: Vec<Buffer> = groups
        .par_iter()
        .zip(input_gradients)
        .map(|(group, mut input_gradient)| {
            let mut part = Buffer::zeros(saved.weights.len());
            for tile in *group {
                let (inside, outside) = (tile.values(channels_in), tile.values(channels_out));
                let mut scratch = Buffer::new(outside.len());
                of_output.apply(
                    &gradient[outside.clone()],
                    1.0,
                    &saved.output[outside],
                    &mut scratch,
                );
                let gradient = Matrix::new(&scratch, channels_out);
                let input = Matrix::new(&saved.input[inside.clone()], channels_in);
                multiply(&mut part, Write::Add, gradient.transposed(), input);
                if let Some(values) = input_gradient.take() {
                    let (values, rest) = values.split_at_mut(inside.len());
                    let weights = Matrix::new(saved.weights, channels_in);
                    multiply(values, write, gradient, weights);
                    input_gradient = Some(rest);
                }
            }
            part
        })
        .collect();
    sum(&parts)
}

/// The sum of equally long parts, in their order.
pub(crate) fn sum(parts: &[Buffer]) -> Vec<f32> {
    let Some((first, rest)) = parts.split_first() else {
        return Vec::new();
    };
    let mut total = first.to_vec();
    for part in rest {
        for (total, part) in total.iter_mut().zip(part.iter()) {
            *total += part;
        }
    }
    total
}
