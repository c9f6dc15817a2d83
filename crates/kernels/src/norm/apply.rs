//! Normalisations and their gradients applied to tiles, without activation.

use pulp::Simd;

use super::{GradientSums, InputGradient, Normalisation};
use crate::simd::{ChannelKernel, assert_shapes, for_channels, load, store};

impl Normalisation {
    /// `output = norm(input) * factor`, plus what `output` holds if `add`.
    ///
    /// # Shapes
    /// - input, output: `[rows, channels]`
    pub fn apply(&self, input: &[f32], factor: f32, add: bool, output: &mut [f32]) {
        for_channels(
            self.scale.len(),
            &mut Apply {
                norm: self,
                input,
                factor,
                add,
                output,
            },
        );
    }

    /// Adds up what the gradient needs, for a gradient of `gradient * factor`.
    ///
    /// # Shapes
    /// - gradient, input: `[rows, channels]`
    pub fn sum_gradient(
        &self,
        gradient: &[f32],
        factor: f32,
        input: &[f32],
        sums: &mut GradientSums,
    ) {
        for_channels(
            self.scale.len(),
            &mut SumGradient {
                norm: self,
                gradient,
                factor,
                input,
                sums,
            },
        );
    }
}

impl InputGradient {
    /// `output` = the gradient of the normalisation's input, given
    /// `gradient * factor` for its output.
    ///
    /// # Shapes
    /// - gradient, input, output: `[rows, channels]`
    pub fn apply(&self, gradient: &[f32], factor: f32, input: &[f32], output: &mut [f32]) {
        for_channels(
            self.constant.len(),
            &mut ApplyGradient {
                of: self,
                gradient,
                factor,
                input,
                output,
            },
        );
    }
}

struct Apply<'a> {
    norm: &'a Normalisation,
    input: &'a [f32],
    factor: f32,
    add: bool,
    output: &'a mut [f32],
}

impl ChannelKernel for Apply<'_> {
    fn check(&self, channels: usize) {
        let per_channel = [&*self.norm.scale, &self.norm.shift];
        assert_shapes(channels, &[self.input, self.output], &per_channel);
    }

    #[inline(always)]
    fn run<S: Simd, const FULL: bool>(&mut self, simd: S, channel: usize, lanes: usize) {
        let factor = simd.splat_f32s(self.factor);
        let scale = load::<S, FULL>(simd, &self.norm.scale, channel, lanes);
        let shift = load::<S, FULL>(simd, &self.norm.shift, channel, lanes);
        let scale = simd.mul_f32s(scale, factor);
        let shift = simd.mul_f32s(shift, factor);
        for at in (channel..self.input.len()).step_by(self.norm.scale.len()) {
            let input = load::<S, FULL>(simd, self.input, at, lanes);
            let mut result = simd.mul_add_e_f32s(input, scale, shift);
            if self.add {
                let before = load::<S, FULL>(simd, self.output, at, lanes);
                result = simd.add_f32s(result, before);
            }
            store::<S, FULL>(simd, self.output, at, lanes, result);
        }
    }
}

struct SumGradient<'a> {
    norm: &'a Normalisation,
    gradient: &'a [f32],
    factor: f32,
    input: &'a [f32],
    sums: &'a mut GradientSums,
}

impl ChannelKernel for SumGradient<'_> {
    fn check(&self, channels: usize) {
        let Normalisation { scale, mean, .. } = self.norm;
        let per_channel = [&**scale, mean, &self.sums.sum, &self.sums.centred];
        assert_shapes(channels, &[self.gradient, self.input], &per_channel);
    }

    #[inline(always)]
    fn run<S: Simd, const FULL: bool>(&mut self, simd: S, channel: usize, lanes: usize) {
        let mean = load::<S, FULL>(simd, &self.norm.mean, channel, lanes);
        let zero = simd.splat_f32s(0.0);
        let (mut sum, mut centred) = (zero, zero);
        for at in (channel..self.input.len()).step_by(self.norm.scale.len()) {
            let input = load::<S, FULL>(simd, self.input, at, lanes);
            let gradient = load::<S, FULL>(simd, self.gradient, at, lanes);
            sum = simd.add_f32s(sum, gradient);
            centred = simd.mul_add_e_f32s(gradient, simd.sub_f32s(input, mean), centred);
        }
        let factor = simd.splat_f32s(self.factor);
        for (part, total) in [(sum, &mut self.sums.sum), (centred, &mut self.sums.centred)] {
            let before = load::<S, FULL>(simd, total, channel, lanes);
            let after = simd.mul_add_e_f32s(part, factor, before);
            store::<S, FULL>(simd, total, channel, lanes, after);
        }
    }
}

struct ApplyGradient<'a> {
    of: &'a InputGradient,
    gradient: &'a [f32],
    factor: f32,
    input: &'a [f32],
    output: &'a mut [f32],
}

impl ChannelKernel for ApplyGradient<'_> {
    fn check(&self, channels: usize) {
        let per_channel = [&*self.of.of_gradient, &self.of.of_input, &self.of.constant];
        let rows = [self.gradient, self.input, self.output];
        assert_shapes(channels, &rows, &per_channel);
    }

    #[inline(always)]
    fn run<S: Simd, const FULL: bool>(&mut self, simd: S, channel: usize, lanes: usize) {
        let factor = simd.splat_f32s(self.factor);
        let of_gradient = load::<S, FULL>(simd, &self.of.of_gradient, channel, lanes);
        let of_gradient = simd.mul_f32s(of_gradient, factor);
        let of_input = load::<S, FULL>(simd, &self.of.of_input, channel, lanes);
        let constant = load::<S, FULL>(simd, &self.of.constant, channel, lanes);
        for at in (channel..self.input.len()).step_by(self.of.constant.len()) {
            let input = load::<S, FULL>(simd, self.input, at, lanes);
            let gradient = load::<S, FULL>(simd, self.gradient, at, lanes);
            let result = simd.mul_add_e_f32s(input, of_input, constant);
            let result = simd.mul_add_e_f32s(gradient, of_gradient, result);
            store::<S, FULL>(simd, self.output, at, lanes, result);
        }
    }
}
