//! SiLU (Elfwing et al. 2017) of a normalised convolution output.

use pulp::Simd;

use crate::{
    norm::{GradientSums, Normalisation},
    simd::{ChannelKernel, assert_shapes, for_channels, load, sigmoid, silu_derivative, store},
};

/// `output = silu(norm(input)) * gate`.
///
/// # Shapes
/// - input, output: `[rows, channels]`
/// - gate: `[channels]`
pub fn activate(input: &[f32], norm: &Normalisation, gate: &[f32], output: &mut [f32]) {
    for_channels(
        gate.len(),
        &mut Activate {
            input,
            norm,
            gate,
            output,
        },
    );
}

struct Activate<'a> {
    input: &'a [f32],
    norm: &'a Normalisation,
    gate: &'a [f32],
    output: &'a mut [f32],
}

impl ChannelKernel for Activate<'_> {
    fn check(&self, channels: usize) {
        let per_channel = [&*self.norm.scale, &self.norm.shift, self.gate];
        assert_shapes(channels, &[self.input, self.output], &per_channel);
    }

    #[inline(always)]
    fn run<S: Simd, const FULL: bool>(&mut self, simd: S, channel: usize, lanes: usize) {
        let scale = load::<S, FULL>(simd, &self.norm.scale, channel, lanes);
        let shift = load::<S, FULL>(simd, &self.norm.shift, channel, lanes);
        let gate = load::<S, FULL>(simd, self.gate, channel, lanes);
        for at in (channel..self.input.len()).step_by(self.gate.len()) {
            let input = load::<S, FULL>(simd, self.input, at, lanes);
            let normalised = simd.mul_add_e_f32s(input, scale, shift);
            let activated = simd.mul_f32s(normalised, sigmoid(simd, normalised));
            let gated = simd.mul_f32s(activated, gate);
            store::<S, FULL>(simd, self.output, at, lanes, gated);
        }
    }
}

/// `sums += sum over rows of silu(norm(input))`.
///
/// # Shapes
/// - input: `[rows, channels]`
/// - sums: `[channels]`
pub fn sum_activated(input: &[f32], norm: &Normalisation, sums: &mut [f32]) {
    for_channels(sums.len(), &mut SumActivated { input, norm, sums });
}

struct SumActivated<'a> {
    input: &'a [f32],
    norm: &'a Normalisation,
    sums: &'a mut [f32],
}

impl ChannelKernel for SumActivated<'_> {
    fn check(&self, channels: usize) {
        let per_channel = [&*self.norm.scale, &self.norm.shift, self.sums];
        assert_shapes(channels, &[self.input], &per_channel);
    }

    #[inline(always)]
    fn run<S: Simd, const FULL: bool>(&mut self, simd: S, channel: usize, lanes: usize) {
        let scale = load::<S, FULL>(simd, &self.norm.scale, channel, lanes);
        let shift = load::<S, FULL>(simd, &self.norm.shift, channel, lanes);
        let mut sum = simd.splat_f32s(0.0);
        for at in (channel..self.input.len()).step_by(self.sums.len()) {
            let input = load::<S, FULL>(simd, self.input, at, lanes);
            let normalised = simd.mul_add_e_f32s(input, scale, shift);
            sum = simd.mul_add_e_f32s(normalised, sigmoid(simd, normalised), sum);
        }
        let before = load::<S, FULL>(simd, self.sums, channel, lanes);
        store::<S, FULL>(simd, self.sums, channel, lanes, simd.add_f32s(before, sum));
    }
}

/// `output = silu(norm(input))` and `slope = silu'(norm(input))`.
///
/// # Shapes
/// - all: `[rows, channels]`
pub fn activate_with_slope(
    input: &[f32],
    norm: &Normalisation,
    output: &mut [f32],
    slope: &mut [f32],
) {
    for_channels(
        norm.scale.len(),
        &mut ActivateWithSlope {
            input,
            norm,
            output,
            slope,
        },
    );
}

struct ActivateWithSlope<'a> {
    input: &'a [f32],
    norm: &'a Normalisation,
    output: &'a mut [f32],
    slope: &'a mut [f32],
}

impl ChannelKernel for ActivateWithSlope<'_> {
    fn check(&self, channels: usize) {
        let rows = [self.input, self.output, self.slope];
        assert_shapes(channels, &rows, &[&self.norm.scale, &self.norm.shift]);
    }

    #[inline(always)]
    fn run<S: Simd, const FULL: bool>(&mut self, simd: S, channel: usize, lanes: usize) {
        let scale = load::<S, FULL>(simd, &self.norm.scale, channel, lanes);
        let shift = load::<S, FULL>(simd, &self.norm.shift, channel, lanes);
        for at in (channel..self.input.len()).step_by(self.norm.scale.len()) {
            let input = load::<S, FULL>(simd, self.input, at, lanes);
            let normalised = simd.mul_add_e_f32s(input, scale, shift);
            let sigmoid = sigmoid(simd, normalised);
            let activated = simd.mul_f32s(normalised, sigmoid);
            store::<S, FULL>(simd, self.output, at, lanes, activated);
            let slope = silu_derivative(simd, normalised, sigmoid);
            store::<S, FULL>(simd, self.slope, at, lanes, slope);
        }
    }
}

/// Takes the gradient of `silu(norm(input)) * gate`, to which `pooled` comes
/// on top, back to the normalised values, in place, and adds up what the
/// normalisation's gradient needs.
///
/// # Shapes
/// - gradient, input: `[rows, channels]`
/// - gate, pooled: `[channels]`
pub fn activation_gradient(
    gradient: &mut [f32],
    input: &[f32],
    norm: &Normalisation,
    gate: &[f32],
    pooled: &[f32],
    sums: &mut GradientSums,
) {
    for_channels(
        gate.len(),
        &mut ActivationGradient {
            gradient,
            input,
            norm,
            gate,
            pooled,
            sums,
        },
    );
}

struct ActivationGradient<'a> {
    gradient: &'a mut [f32],
    input: &'a [f32],
    norm: &'a Normalisation,
    gate: &'a [f32],
    pooled: &'a [f32],
    sums: &'a mut GradientSums,
}

impl ChannelKernel for ActivationGradient<'_> {
    fn check(&self, channels: usize) {
        let Normalisation {
            scale, shift, mean, ..
        } = self.norm;
        let GradientSums { sum, centred, .. } = &*self.sums;
        let per_channel: [&[f32]; 7] = [scale, shift, mean, self.gate, self.pooled, sum, centred];
        assert_shapes(channels, &[self.gradient, self.input], &per_channel);
    }

    #[inline(always)]
    fn run<S: Simd, const FULL: bool>(&mut self, simd: S, channel: usize, lanes: usize) {
        let scale = load::<S, FULL>(simd, &self.norm.scale, channel, lanes);
        let shift = load::<S, FULL>(simd, &self.norm.shift, channel, lanes);
        let mean = load::<S, FULL>(simd, &self.norm.mean, channel, lanes);
        let gate = load::<S, FULL>(simd, self.gate, channel, lanes);
        let pooled = load::<S, FULL>(simd, self.pooled, channel, lanes);
        let mut sum = load::<S, FULL>(simd, &self.sums.sum, channel, lanes);
        let mut centred = load::<S, FULL>(simd, &self.sums.centred, channel, lanes);
        for at in (channel..self.input.len()).step_by(self.gate.len()) {
            let input = load::<S, FULL>(simd, self.input, at, lanes);
            let gradient = load::<S, FULL>(simd, self.gradient, at, lanes);
            let gradient = simd.mul_add_e_f32s(gradient, gate, pooled);
            let normalised = simd.mul_add_e_f32s(input, scale, shift);
            let slope = silu_derivative(simd, normalised, sigmoid(simd, normalised));
            let gradient = simd.mul_f32s(gradient, slope);
            store::<S, FULL>(simd, self.gradient, at, lanes, gradient);
            sum = simd.add_f32s(sum, gradient);
            centred = simd.mul_add_e_f32s(gradient, simd.sub_f32s(input, mean), centred);
        }
        store::<S, FULL>(simd, &mut self.sums.sum, channel, lanes, sum);
        store::<S, FULL>(simd, &mut self.sums.centred, channel, lanes, centred);
    }
}

/// As [`activation_gradient`] where the slope is known already and there is
/// neither gate nor pooling: `gradient *= slope`.
///
/// # Shapes
/// - gradient, slope, input: `[rows, channels]`
pub fn slope_gradient(
    gradient: &mut [f32],
    slope: &[f32],
    input: &[f32],
    norm: &Normalisation,
    sums: &mut GradientSums,
) {
    for_channels(
        norm.mean.len(),
        &mut SlopeGradient {
            gradient,
            slope,
            input,
            norm,
            sums,
        },
    );
}

struct SlopeGradient<'a> {
    gradient: &'a mut [f32],
    slope: &'a [f32],
    input: &'a [f32],
    norm: &'a Normalisation,
    sums: &'a mut GradientSums,
}

impl ChannelKernel for SlopeGradient<'_> {
    fn check(&self, channels: usize) {
        let rows = [&*self.gradient, self.slope, self.input];
        let per_channel = [&*self.norm.mean, &self.sums.sum, &self.sums.centred];
        assert_shapes(channels, &rows, &per_channel);
    }

    #[inline(always)]
    fn run<S: Simd, const FULL: bool>(&mut self, simd: S, channel: usize, lanes: usize) {
        let mean = load::<S, FULL>(simd, &self.norm.mean, channel, lanes);
        let zero = simd.splat_f32s(0.0);
        // A row's sum first, then into the image's: errors stay small.
        let (mut sum, mut centred) = (zero, zero);
        for at in (channel..self.input.len()).step_by(self.norm.mean.len()) {
            let input = load::<S, FULL>(simd, self.input, at, lanes);
            let gradient = load::<S, FULL>(simd, self.gradient, at, lanes);
            let slope = load::<S, FULL>(simd, self.slope, at, lanes);
            let gradient = simd.mul_f32s(gradient, slope);
            store::<S, FULL>(simd, self.gradient, at, lanes, gradient);
            sum = simd.add_f32s(sum, gradient);
            centred = simd.mul_add_e_f32s(gradient, simd.sub_f32s(input, mean), centred);
        }
        for (part, total) in [(sum, &mut self.sums.sum), (centred, &mut self.sums.centred)] {
            let before = load::<S, FULL>(simd, total, channel, lanes);
            store::<S, FULL>(simd, total, channel, lanes, simd.add_f32s(before, part));
        }
    }
}
