//! Activations of plain slices.

use pulp::Simd;

use crate::simd::{self, ChannelKernel, for_channels, load, store};

/// `x / (1 + exp(-x))` (Elfwing et al. 2017), as `torch.nn.functional.silu`.
pub fn silu(values: &[f32]) -> Vec<f32> {
    map(values, Function::Silu)
}

/// The derivative of [`silu`].
pub fn silu_derivative(values: &[f32]) -> Vec<f32> {
    map(values, Function::SiluDerivative)
}

/// `1 / (1 + exp(-x))`, as `torch.sigmoid`.
pub fn sigmoid(values: &[f32]) -> Vec<f32> {
    map(values, Function::Sigmoid)
}

#[derive(Clone, Copy)]
enum Function {
    Silu,
    SiluDerivative,
    Sigmoid,
}

struct Map<'a> {
    function: Function,
    input: &'a [f32],
    output: &'a mut [f32],
}

fn map(input: &[f32], function: Function) -> Vec<f32> {
    let mut output = vec![0.0; input.len()];
    let mut map = Map {
        function,
        input,
        output: &mut output,
    };
    for_channels(input.len(), &mut map);
    output
}

impl ChannelKernel for Map<'_> {
    fn check(&self, channels: usize) {
        assert!(self.input.len() == channels && self.output.len() == channels);
    }

    #[inline(always)]
    fn run<S: Simd, const FULL: bool>(&mut self, simd: S, at: usize, lanes: usize) {
        let x = load::<S, FULL>(simd, self.input, at, lanes);
        let sigmoid = simd::sigmoid(simd, x);
        let result = match self.function {
            Function::Silu => simd.mul_f32s(x, sigmoid),
            Function::SiluDerivative => simd::silu_derivative(simd, x, sigmoid),
            Function::Sigmoid => sigmoid,
        };
        store::<S, FULL>(simd, self.output, at, lanes, result);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(ours: f32, exact: f64, x: f32) {
        let error = (f64::from(ours) - exact).abs();
        assert!(
            error <= 3e-7 * exact.abs() + 1e-37,
            "{ours} for {exact} at {x}"
        );
    }

    #[test]
    fn activations_equal_double_precision() {
        let xs: Vec<f32> = (-8700..=8700).map(|i| i as f32 * 0.01 + 0.000_3).collect();
        for ((&x, ours), gate) in xs.iter().zip(silu(&xs)).zip(sigmoid(&xs)) {
            let exact = 1.0 / (1.0 + f64::from(-x).exp());
            check(gate, exact, x);
            check(ours, exact * f64::from(x), x);
        }
        for (&x, ours) in xs.iter().zip(silu_derivative(&xs)) {
            let gate = 1.0 / (1.0 + f64::from(-x).exp());
            let exact = gate * (1.0 + f64::from(x) * (1.0 - gate));
            assert!(
                (f64::from(ours) - exact).abs() < 1e-6,
                "{ours} for {exact} at {x}"
            );
        }
    }

    #[test]
    fn extreme_values_stay_finite_and_nan_stays_nan() {
        let xs = [-1e30, -1000.0, -100.0, 100.0, 1000.0, 1e30];
        assert!(silu(&xs).iter().all(|value| value.is_finite()));
        assert_eq!(silu(&xs)[3..], xs[3..]);
        assert_eq!(sigmoid(&xs)[3..], [1.0; 3]);
        assert!(
            sigmoid(&xs)[..3]
                .iter()
                .all(|&value| (0.0..1e-37).contains(&value))
        );
        assert!(silu(&[f32::NAN])[0].is_nan());
    }
}
