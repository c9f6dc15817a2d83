//! One update of AdamW (Loshchilov and Hutter 2019) in one pass over memory.

use pulp::Simd;
use rayon::prelude::*;

use crate::simd::{ChannelKernel, for_channels, load, store};

/// Values that one task updates.
const CHUNK: usize = 64 * 1024;

/// What an update goes by.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct AdamW {
    /// Learning rate.
    pub rate: f32,
    /// Decay of the first moment, in `[0, 1)`.
    pub beta_1: f32,
    /// Decay of the second moment, in `[0, 1)`.
    pub beta_2: f32,
    /// Added to the root of the second moment.
    pub epsilon: f32,
    /// Decoupled weight decay, to be multiplied with the rate.
    pub weight_decay: f32,
    /// Number of this update, counted from one.
    pub step: i32,
}

impl AdamW {
    /// Updates parameters and moments by `gradient`, as PyTorch's `AdamW`.
    ///
    /// # Panics
    /// If the slices differ in length.
    pub fn update(
        &self,
        parameters: &mut [f32],
        gradient: &[f32],
        first: &mut [f32],
        second: &mut [f32],
    ) {
        let len = parameters.len();
        assert!(
            gradient.len() == len && first.len() == len && second.len() == len,
            "parameters, gradient and moments of one length"
        );
        parameters
            .par_chunks_mut(CHUNK)
            .zip(gradient.par_chunks(CHUNK))
            .zip(
                first
                    .par_chunks_mut(CHUNK)
                    .zip(second.par_chunks_mut(CHUNK)),
            )
            .for_each(|((parameters, gradient), (first, second))| {
                let len = parameters.len();
                let mut update = Update {
                    by: *self,
                    corrections: [
                        1.0 / (1.0 - self.beta_1.powi(self.step)),
                        1.0 / (1.0 - self.beta_2.powi(self.step)),
                    ],
                    parameters,
                    gradient,
                    first,
                    second,
                };
                for_channels(len, &mut update);
            });
    }
}

struct Update<'a> {
    by: AdamW,
    /// Of the moments' bias towards zero.
    corrections: [f32; 2],
    parameters: &'a mut [f32],
    gradient: &'a [f32],
    first: &'a mut [f32],
    second: &'a mut [f32],
}

impl ChannelKernel for Update<'_> {
    fn check(&self, channels: usize) {
        let slices = [&*self.parameters, self.gradient, self.first, self.second];
        assert!(slices.iter().all(|values| values.len() == channels));
    }

    #[inline(always)]
    fn run<S: Simd, const FULL: bool>(&mut self, simd: S, at: usize, lanes: usize) {
        let splat = |value| simd.splat_f32s(value);
        let AdamW {
            rate,
            beta_1,
            beta_2,
            epsilon,
            weight_decay,
            ..
        } = self.by;
        let gradient = load::<S, FULL>(simd, self.gradient, at, lanes);
        let first = load::<S, FULL>(simd, self.first, at, lanes);
        let second = load::<S, FULL>(simd, self.second, at, lanes);
        let parameters = load::<S, FULL>(simd, self.parameters, at, lanes);
        let first = simd.mul_add_e_f32s(
            first,
            splat(beta_1),
            simd.mul_f32s(gradient, splat(1.0 - beta_1)),
        );
        let second = simd.mul_add_e_f32s(
            second,
            splat(beta_2),
            simd.mul_f32s(simd.mul_f32s(gradient, gradient), splat(1.0 - beta_2)),
        );
        let numerator = simd.mul_f32s(first, splat(self.corrections[0]));
        let root = simd.sqrt_f32s(simd.mul_f32s(second, splat(self.corrections[1])));
        let delta = simd.div_f32s(numerator, simd.add_f32s(root, splat(epsilon)));
        let decayed = simd.mul_f32s(parameters, splat(1.0 - rate * weight_decay));
        let parameters = simd.mul_add_e_f32s(delta, splat(-rate), decayed);
        store::<S, FULL>(simd, self.first, at, lanes, first);
        store::<S, FULL>(simd, self.second, at, lanes, second);
        store::<S, FULL>(simd, self.parameters, at, lanes, parameters);
    }
}
