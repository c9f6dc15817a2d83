//! One row of a depthwise convolution, and of its weight gradient.

use pulp::Simd;

use crate::simd::{ChannelKernel, for_channels, load, store};

/// A padded row and the row of weights that it is multiplied with.
///
/// # Shapes
/// - values: `[padded, channels]`
/// - weights: `[kernel, channels]`
#[derive(Clone, Copy)]
pub(super) struct Tap<'a> {
    pub values: &'a [f32],
    pub weights: &'a [f32],
}

/// `output[o] = sum over taps and k of values[o * stride + k] * weights[k]`.
///
/// # Shapes
/// - output: `[outputs, channels]`
pub(super) fn convolve_row(
    taps: &[Tap<'_>],
    kernel: usize,
    stride: usize,
    channels: usize,
    output: &mut [f32],
) {
    fn with<const KERNEL: usize>(
        taps: &[Tap<'_>],
        stride: usize,
        channels: usize,
        output: &mut [f32],
    ) {
        let mut row = ConvolveRow::<KERNEL> {
            taps,
            stride,
            channels,
            output,
        };
        for_channels(channels, &mut row);
    }
    match kernel {
        3 => with::<3>(taps, stride, channels, output),
        5 => with::<5>(taps, stride, channels, output),
        _ => unreachable!("a depthwise kernel is 3 or 5"),
    }
}

struct ConvolveRow<'a, const KERNEL: usize> {
    taps: &'a [Tap<'a>],
    stride: usize,
    channels: usize,
    output: &'a mut [f32],
}

impl<const KERNEL: usize> ConvolveRow<'_, KERNEL> {
    /// `COUNT` neighbouring outputs, whose sums hide each other's latency.
    #[inline(always)]
    fn block<S: Simd, const FULL: bool, const COUNT: usize>(
        &mut self,
        simd: S,
        first: usize,
        channel: usize,
        lanes: usize,
    ) {
        let mut sums = [simd.splat_f32s(0.0); COUNT];
        for tap in self.taps {
            let mut weights = [simd.splat_f32s(0.0); KERNEL];
            for (k, weight) in weights.iter_mut().enumerate() {
                *weight = load::<S, FULL>(simd, tap.weights, k * self.channels + channel, lanes);
            }
            for (o, sum) in sums.iter_mut().enumerate() {
                let start = (first + o) * self.stride * self.channels + channel;
                for (k, weight) in weights.iter().enumerate() {
                    let at = start + k * self.channels;
                    let value = load::<S, FULL>(simd, tap.values, at, lanes);
                    *sum = simd.mul_add_e_f32s(value, *weight, *sum);
                }
            }
        }
        for (o, sum) in sums.iter().enumerate() {
            let at = (first + o) * self.channels + channel;
            store::<S, FULL>(simd, self.output, at, lanes, *sum);
        }
    }
}

impl<const KERNEL: usize> ChannelKernel for ConvolveRow<'_, KERNEL> {
    fn check(&self, channels: usize) {
        assert!(self.channels == channels && self.output.len() >= channels);
        let seen = (self.output.len() / channels - 1) * self.stride + KERNEL;
        for tap in self.taps {
            assert!(tap.values.len() >= seen * channels && tap.weights.len() == KERNEL * channels);
        }
    }

    #[inline(always)]
    fn run<S: Simd, const FULL: bool>(&mut self, simd: S, channel: usize, lanes: usize) {
        let outputs = self.output.len() / self.channels;
        let mut first = 0;
        while first + 8 <= outputs {
            self.block::<S, FULL, 8>(simd, first, channel, lanes);
            first += 8;
        }
        if first + 4 <= outputs {
            self.block::<S, FULL, 4>(simd, first, channel, lanes);
            first += 4;
        }
        if first + 2 <= outputs {
            self.block::<S, FULL, 2>(simd, first, channel, lanes);
            first += 2;
        }
        if first < outputs {
            self.block::<S, FULL, 1>(simd, first, channel, lanes);
        }
    }
}

/// A row of output gradients and the row of weight gradients that it adds to.
pub(super) struct GradientTap<'a> {
    /// `[.., channels]`; output `o`'s gradient stands at position
    /// `gradient_start + o * stride`.
    pub gradient: &'a [f32],
    /// Which row of the kernel.
    pub kernel_row: usize,
}

/// `weights[row, k] += sum over o of gradient[o] * values[o * stride + k]`.
///
/// # Shapes
/// - values: `[padded, channels]`
/// - weights: `[kernel, kernel, channels]`
pub(super) struct WeightGradientRow<'a> {
    pub taps: &'a [GradientTap<'a>],
    pub gradient_start: usize,
    pub outputs: usize,
    pub values: &'a [f32],
    pub kernel: usize,
    pub stride: usize,
    pub channels: usize,
    pub weights: &'a mut [f32],
}

impl WeightGradientRow<'_> {
    pub fn add(&mut self) {
        let channels = self.channels;
        match self.kernel {
            3 => for_channels(channels, &mut WithKernel::<'_, '_, 3>(self)),
            5 => for_channels(channels, &mut WithKernel::<'_, '_, 5>(self)),
            _ => unreachable!("a depthwise kernel is 3 or 5"),
        }
    }
}

struct WithKernel<'a, 'b, const KERNEL: usize>(&'a mut WeightGradientRow<'b>);

impl<const KERNEL: usize> ChannelKernel for WithKernel<'_, '_, KERNEL> {
    fn check(&self, channels: usize) {
        let row = &*self.0;
        assert!(row.channels == channels && row.outputs > 0);
        let last = (row.outputs - 1) * row.stride;
        assert!(row.values.len() >= (last + KERNEL) * channels);
        assert_eq!(row.weights.len(), KERNEL * KERNEL * channels);
        for tap in row.taps {
            assert!(tap.kernel_row < KERNEL);
            assert!(tap.gradient.len() >= (row.gradient_start + last + 1) * channels);
        }
    }

    #[inline(always)]
    fn run<S: Simd, const FULL: bool>(&mut self, simd: S, channel: usize, lanes: usize) {
        let row = &mut *self.0;
        let channels = row.channels;
        for tap in row.taps {
            // Even and odd outputs apart: twice as many independent sums.
            let mut sums = [[simd.splat_f32s(0.0); KERNEL]; 2];
            let mut add = |parity: usize, output: usize| {
                let position = output * row.stride;
                let at = (row.gradient_start + position) * channels + channel;
                let gradient = load::<S, FULL>(simd, tap.gradient, at, lanes);
                for (k, sum) in sums[parity].iter_mut().enumerate() {
                    let at = (position + k) * channels + channel;
                    let value = load::<S, FULL>(simd, row.values, at, lanes);
                    *sum = simd.mul_add_e_f32s(gradient, value, *sum);
                }
            };
            let pairs = row.outputs / 2 * 2;
            for output in (0..pairs).step_by(2) {
                add(0, output);
                add(1, output + 1);
            }
            if pairs < row.outputs {
                add(0, pairs);
            }
            let [even, odd] = sums;
            for (k, (even, odd)) in even.into_iter().zip(odd).enumerate() {
                let at = (tap.kernel_row * KERNEL + k) * channels + channel;
                let before = load::<S, FULL>(simd, row.weights, at, lanes);
                let sum = simd.add_f32s(even, odd);
                store::<S, FULL>(simd, row.weights, at, lanes, simd.add_f32s(before, sum));
            }
        }
    }
}
