//! The projection: a 1x1 convolution of the gated, activated, normalised
//! depthwise output, which exists only a tile at a time.

use pulp::Simd;
use rayon::prelude::*;

use super::Normalised;
use crate::{
    Buffer, Normalisation, Shape,
    activation::activate,
    matrix::{Matrix, Write, multiply},
    norm::{InputGradient, Moments, TileMoments},
    pointwise::sum,
    simd::{ChannelKernel, assert_shapes, for_channels, load, sigmoid, store},
    squeeze_excitation::Gates,
    tiles::{Tile, groups, split, tiles},
};

/// # Shapes
/// - input: `shape`
/// - weights: `[channels_out, channels]`
/// - output: `shape` with `channels_out`
pub(super) fn forward(
    input: &Normalised,
    gates: &Gates,
    weights: &[f32],
    shape: Shape,
    output: &mut [f32],
) -> Moments {
    let channels = shape.channels;
    let channels_out = weights.len() / channels;
    let tiles = tiles(shape, 2 * channels + channels_out);
    let outputs = split(output, tiles.iter().map(|tile| tile.len() * channels_out));
    let parts: Vec<TileMoments> = tiles
        .par_iter()
        .zip(outputs)
        .map(|(tile, output)| {
            let source = &input.output[tile.values(channels)];
            let mut gated = Buffer::new(source.len());
            for (image, rows) in tile.images() {
                let values = rows.start * channels..rows.end * channels;
                let gate = &gates.gates[image * channels..(image + 1) * channels];
                activate(
                    &source[values.clone()],
                    &input.norm,
                    gate,
                    &mut gated[values],
                );
            }
            let weights = Matrix::new(weights, channels).transposed();
            multiply(
                output,
                Write::Replace,
                Matrix::new(&gated, channels),
                weights,
            );
            TileMoments::of(output, channels_out)
        })
        .collect();
    Moments::combine(&parts)
}

/// What the backward pass reads.
#[derive(Clone, Copy)]
pub(super) struct Saved<'a> {
    pub input: &'a Normalised,
    pub gates: &'a Gates,
    pub weights: &'a [f32],
    pub output: &'a [f32],
    pub branch_factors: &'a [f32],
}

/// Gradients of [`forward`]: of the weights, and of the gates `[batch, channels]`.
///
/// The gradient of the output is `of_output` applied to `gradient`, that of the
/// block. `input_gradient` becomes the gradient of the gated input.
pub(super) fn backward(
    saved: Saved<'_>,
    gradient: &[f32],
    of_output: &InputGradient,
    shape: Shape,
    input_gradient: &mut [f32],
) -> (Vec<f32>, Vec<f32>) {
    let channels = shape.channels;
    let channels_out = saved.weights.len() / channels;
    let tiles = tiles(shape, 2 * channels + channels_out);
    let groups: Vec<&[Tile]> = groups(&tiles).collect();
    let lens = groups
        .iter()
        .map(|group| group.iter().map(Tile::len).sum::<usize>() * channels);
    let parts: Vec<(Buffer, Vec<GatePart>)> = groups
        .par_iter()
        .zip(split(input_gradient, lens))
        .map(|(group, mut input_gradient)| {
            let mut part = Buffer::zeros(saved.weights.len());
            let mut gate_parts = Vec::new();
            for tile in *group {
                let (inside, outside) = (tile.values(channels), tile.values(channels_out));
                let (target, rest) = std::mem::take(&mut input_gradient).split_at_mut(inside.len());
                input_gradient = rest;
                gate_parts.extend(backward_tile(
                    saved,
                    tile,
                    &gradient[outside],
                    of_output,
                    channels,
                    target,
                    &mut part,
                ));
            }
            (part, gate_parts)
        })
        .collect();
    let mut of_gates = vec![0.0; shape.batch * channels];
    let mut weight_parts = Vec::new();
    for (part, gate_parts) in parts {
        weight_parts.push(part);
        for (image, part) in gate_parts {
            let total = &mut of_gates[image * channels..(image + 1) * channels];
            for (total, part) in total.iter_mut().zip(part) {
                *total += part;
            }
        }
    }
    (sum(&weight_parts), of_gates)
}

/// An image and a part of its gates' gradients, `[channels]`.
type GatePart = (usize, Vec<f32>);

/// One tile of [`backward`]; the result is its part of the gates' gradients, an
/// image each.
fn backward_tile(
    saved: Saved<'_>,
    tile: &Tile,
    gradient: &[f32],
    of_output: &InputGradient,
    channels: usize,
    input_gradient: &mut [f32],
    weights: &mut [f32],
) -> Vec<GatePart> {
    let channels_out = saved.weights.len() / channels;
    let output = &saved.output[tile.values(channels_out)];
    let mut of_convolution = Buffer::new(gradient.len());
    for (image, rows) in tile.images() {
        let values = rows.start * channels_out..rows.end * channels_out;
        of_output.apply(
            &gradient[values.clone()],
            saved.branch_factors[image],
            &output[values.clone()],
            &mut of_convolution[values],
        );
    }
    let of_convolution = Matrix::new(&of_convolution, channels_out);
    multiply(
        input_gradient,
        Write::Replace,
        of_convolution,
        Matrix::new(saved.weights, channels),
    );
    let source = &saved.input.output[tile.values(channels)];
    let mut gated = Buffer::new(source.len());
    let mut gate_parts = Vec::new();
    for (image, rows) in tile.images() {
        let values = rows.start * channels..rows.end * channels;
        let mut part = vec![0.0; channels];
        for_channels(
            channels,
            &mut GateGradient {
                gradient: &input_gradient[values.clone()],
                input: &source[values.clone()],
                norm: &saved.input.norm,
                gate: &saved.gates.gates[image * channels..(image + 1) * channels],
                gated: &mut gated[values],
                sums: &mut part,
            },
        );
        gate_parts.push((image, part));
    }
    multiply(
        weights,
        Write::Add,
        of_convolution.transposed(),
        Matrix::new(&gated, channels),
    );
    gate_parts
}

/// `sums` = sum over rows of `gradient * activated`, and `gated` = `activated * gate`.
struct GateGradient<'a> {
    gradient: &'a [f32],
    input: &'a [f32],
    norm: &'a Normalisation,
    gate: &'a [f32],
    gated: &'a mut [f32],
    sums: &'a mut [f32],
}

impl ChannelKernel for GateGradient<'_> {
    fn check(&self, channels: usize) {
        let Normalisation { scale, shift, .. } = self.norm;
        let rows = [self.gradient, self.input, self.gated];
        assert_shapes(channels, &rows, &[scale, shift, self.gate, self.sums]);
    }

    #[inline(always)]
    fn run<S: Simd, const FULL: bool>(&mut self, simd: S, channel: usize, lanes: usize) {
        let scale = load::<S, FULL>(simd, &self.norm.scale, channel, lanes);
        let shift = load::<S, FULL>(simd, &self.norm.shift, channel, lanes);
        let gate = load::<S, FULL>(simd, self.gate, channel, lanes);
        let mut sum = simd.splat_f32s(0.0);
        for at in (channel..self.input.len()).step_by(self.gate.len()) {
            let input = load::<S, FULL>(simd, self.input, at, lanes);
            let gradient = load::<S, FULL>(simd, self.gradient, at, lanes);
            let normalised = simd.mul_add_e_f32s(input, scale, shift);
            let activated = simd.mul_f32s(normalised, sigmoid(simd, normalised));
            sum = simd.mul_add_e_f32s(gradient, activated, sum);
            store::<S, FULL>(simd, self.gated, at, lanes, simd.mul_f32s(activated, gate));
        }
        store::<S, FULL>(simd, self.sums, channel, lanes, sum);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Sums over 2 rows of 3 channels, with one slice shorter than the others.
    fn gate_gradient(short: usize) {
        let lens: Vec<usize> = [6, 6, 6, 3, 3, 3, 3]
            .into_iter()
            .enumerate()
            .map(|(slice, len)| len - usize::from(slice == short))
            .collect();
        let values = [1.0; 6];
        let norm = Normalisation {
            scale: vec![1.0; lens[3]],
            shift: vec![1.0; lens[4]],
            mean: Vec::new(),
            inverse_deviation: Vec::new(),
            count: None,
        };
        let mut kernel = GateGradient {
            gradient: &values[..lens[0]],
            input: &values[..lens[1]],
            norm: &norm,
            gate: &values[..lens[5]],
            gated: &mut vec![0.0; lens[2]],
            sums: &mut vec![0.0; lens[6]],
        };
        for_channels(3, &mut kernel);
    }

    #[test]
    fn a_gate_s_gradient_reads_and_writes_inside_its_slices_alone() {
        gate_gradient(usize::MAX);
        for short in 0..7 {
            let refused = std::panic::catch_unwind(|| gate_gradient(short));
            assert!(refused.is_err(), "slice {short} is too short");
        }
    }
}
