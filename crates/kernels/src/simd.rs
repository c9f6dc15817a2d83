//! Vector registers: run-time dispatch, loads and stores, exponential and sigmoid.

use pulp::{Arch, Simd, WithSimd};

/// Work on one vector of neighbouring channels, for all positions of a tile.
///
/// Channels-last data has the channels of a position side by side, so that one
/// register holds the same position's neighbouring channels, whatever the
/// operator. What a channel needs (its scale, its weights, its sums) then
/// stays in registers while the kernel walks over positions.
///
/// [`load`] and [`store`] do not look where they read and write: [`check`](Self::check) has
/// looked before.
pub(crate) trait ChannelKernel {
    /// Checks that whatever [`run`](Self::run) loads and stores for so many channels lies inside
    /// its slices.
    ///
    /// # Panics
    /// If it does not.
    fn check(&self, channels: usize);

    /// Works on channels `channel..channel + lanes`; `FULL` says that `lanes`
    /// is the register's width.
    fn run<S: Simd, const FULL: bool>(&mut self, simd: S, channel: usize, lanes: usize);
}

/// Runs `kernel` over all channels with the widest instructions that this
/// processor has (AVX-512, AVX2 and FMA, NEON, or plain Rust). The one way to run a kernel, so
/// that each is checked, whatever calls it: once a call, not once an access.
///
/// # Panics
/// If the kernel's slices are too short for what it does.
pub(crate) fn for_channels(channels: usize, kernel: &mut impl ChannelKernel) {
    kernel.check(channels);
    Arch::new().dispatch(OverChannels { channels, kernel });
}

struct OverChannels<'a, K> {
    channels: usize,
    kernel: &'a mut K,
}

impl<K: ChannelKernel> WithSimd for OverChannels<'_, K> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let width = S::F32_LANES;
        let mut channel = 0;
        while channel + width <= self.channels {
            self.kernel.run::<S, true>(simd, channel, width);
            channel += width;
        }
        if channel < self.channels {
            let rest = self.channels - channel;
            self.kernel.run::<S, false>(simd, channel, rest);
        }
    }
}

/// What most kernels [`check`](ChannelKernel::check).
///
/// # Panics
/// If `rows` are not all of one length, a multiple of `channels`, or one of
/// `per_channel` has not a value for each channel.
pub(crate) fn assert_shapes(channels: usize, rows: &[&[f32]], per_channel: &[&[f32]]) {
    let len = rows.first().map_or(0, |rows| rows.len());
    assert!(
        channels > 0 && len.is_multiple_of(channels) && rows.iter().all(|rows| rows.len() == len),
        "rows of {channels} channels"
    );
    assert!(
        per_channel.iter().all(|values| values.len() == channels),
        "a value for each of {channels} channels"
    );
}

/// Loads `lanes` values at `at`.
#[inline(always)]
pub(crate) fn load<S: Simd, const FULL: bool>(
    simd: S,
    values: &[f32],
    at: usize,
    lanes: usize,
) -> S::f32s {
    debug_assert!(at + lanes <= values.len());
    // SAFETY: only kernels call this, from `run`, and `for_channels` runs none whose `check`
    // has not found that it stays inside its slices, in release builds too. `f32s` is plain
    // data of `lanes` floats.
    unsafe {
        let pointer = values.as_ptr().add(at);
        if FULL {
            pointer.cast::<S::f32s>().read_unaligned()
        } else {
            simd.partial_load_f32s(std::slice::from_raw_parts(pointer, lanes))
        }
    }
}

/// Stores the first `lanes` values at `at`.
#[inline(always)]
pub(crate) fn store<S: Simd, const FULL: bool>(
    simd: S,
    values: &mut [f32],
    at: usize,
    lanes: usize,
    register: S::f32s,
) {
    debug_assert!(at + lanes <= values.len());
    // SAFETY: as in `load`.
    unsafe {
        let pointer = values.as_mut_ptr().add(at);
        if FULL {
            pointer.cast::<S::f32s>().write_unaligned(register);
        } else {
            simd.partial_store_f32s(std::slice::from_raw_parts_mut(pointer, lanes), register);
        }
    }
}

/// `exp(x)` to about one unit in the last place, for `x` clamped to what a
/// normal float can hold. Cephes' `expf`: x = n ln 2 + r, a polynomial in r.
#[inline(always)]
pub(crate) fn exp<S: Simd>(simd: S, x: S::f32s) -> S::f32s {
    let splat = |value| simd.splat_f32s(value);
    let x = simd.min_f32s(splat(88.0), simd.max_f32s(splat(-87.0), x));
    // Adding 1.5 * 2^23 leaves round(x / ln 2) in the lowest bits.
    let shifter = splat(12_582_912.0);
    let shifted = simd.mul_add_e_f32s(x, splat(std::f32::consts::LOG2_E), shifter);
    let n = simd.sub_f32s(shifted, shifter);
    let r = simd.mul_add_e_f32s(n, splat(-0.693_359_4), x);
    let r = simd.mul_add_e_f32s(n, splat(2.121_944_4e-4), r);
    let mut polynomial = splat(1.987_569_1e-4);
    for coefficient in [
        1.398_199_9e-3,
        8.333_452e-3,
        4.166_579_6e-2,
        1.666_666_5e-1,
        0.5,
    ] {
        polynomial = simd.mul_add_e_f32s(polynomial, r, splat(coefficient));
    }
    let squared = simd.mul_f32s(r, r);
    let result = simd.add_f32s(simd.mul_add_e_f32s(polynomial, squared, r), splat(1.0));
    // 2^n: n, still in the low bits of `shifted`, goes to the exponent's bits.
    let exponent =
        simd.wrapping_dyn_shl_u32s(simd.transmute_u32s_f32s(shifted), simd.splat_u32s(23));
    simd.transmute_f32s_u32s(simd.add_u32s(simd.transmute_u32s_f32s(result), exponent))
}

/// `1 / (1 + exp(-x))`.
#[inline(always)]
pub(crate) fn sigmoid<S: Simd>(simd: S, x: S::f32s) -> S::f32s {
    let one = simd.splat_f32s(1.0);
    simd.div_f32s(one, simd.add_f32s(one, exp(simd, simd.neg_f32s(x))))
}

/// The derivative of `silu(x) = x sigmoid(x)` from `x` and its sigmoid.
#[inline(always)]
pub(crate) fn silu_derivative<S: Simd>(simd: S, x: S::f32s, sigmoid: S::f32s) -> S::f32s {
    let one = simd.splat_f32s(1.0);
    let inner = simd.mul_add_e_f32s(x, simd.sub_f32s(one, sigmoid), one);
    simd.mul_f32s(sigmoid, inner)
}

#[cfg(test)]
mod tests {
    use pulp::Scalar;
    #[cfg(target_arch = "x86_64")]
    use pulp::x86::{V3, V4};

    use super::*;

    /// `output = sigmoid(input)` over rows of channels.
    struct Sigmoid<'a> {
        input: &'a [f32],
        output: &'a mut [f32],
        channels: usize,
    }

    impl ChannelKernel for Sigmoid<'_> {
        fn check(&self, channels: usize) {
            assert_shapes(channels, &[self.input, self.output], &[]);
        }

        #[inline(always)]
        fn run<S: Simd, const FULL: bool>(&mut self, simd: S, channel: usize, lanes: usize) {
            for at in (channel..self.input.len()).step_by(self.channels) {
                let x = load::<S, FULL>(simd, self.input, at, lanes);
                store::<S, FULL>(simd, self.output, at, lanes, sigmoid(simd, x));
            }
        }
    }

    /// Every set of instructions that this processor has, not the widest alone.
    #[test]
    fn all_instruction_sets_agree() {
        for channels in [1, 3, 4, 7, 8, 15, 16, 17, 40] {
            let input: Vec<f32> = (0..3 * channels).map(|i| i as f32 * 0.37 - 9.0).collect();
            let run = |with: &dyn Fn(OverChannels<'_, Sigmoid<'_>>)| {
                let mut output = vec![f32::NAN; input.len()];
                let mut kernel = Sigmoid {
                    input: &input,
                    output: &mut output,
                    channels,
                };
                with(OverChannels {
                    channels,
                    kernel: &mut kernel,
                });
                for (x, y) in input.iter().zip(&output) {
                    let exact = 1.0 / (1.0 + f64::from(-x).exp());
                    let error = (f64::from(*y) - exact).abs() / exact;
                    assert!(error < 3e-7, "{channels} channels: {y} for {exact}");
                }
            };
            run(&|work| Simd::vectorize(Scalar::new(), work));
            #[cfg(target_arch = "x86_64")]
            {
                if let Some(simd) = V3::try_new() {
                    run(&|work| Simd::vectorize(simd, work));
                }
                if let Some(simd) = V4::try_new() {
                    run(&|work| Simd::vectorize(simd, work));
                }
            }
        }
    }
}
