//! AdamW by the `operators` crate where the device runs it, else burn's own.

use burn::{
    optim::{AdamW, AdamWConfig, AdamWState, AdaptiveMomentumState, LearningRate, Optimizer},
    tensor::{Device, Tensor},
};
use operators::Updated;

const BETA_1: f32 = 0.9;
const BETA_2: f32 = 0.999;

/// burn's AdamW, whose ten passes over memory are one on the processor. The
/// state is the same either way.
#[derive(Clone)]
pub(super) struct FusedAdamW {
    epsilon: f32,
    weight_decay: f32,
    burn: AdamW,
}

impl FusedAdamW {
    pub fn new(epsilon: f32, weight_decay: f32) -> Self {
        let burn = AdamWConfig::new()
            .with_beta_1(BETA_1)
            .with_beta_2(BETA_2)
            .with_epsilon(epsilon)
            .with_weight_decay(weight_decay);
        Self {
            epsilon,
            weight_decay,
            burn: burn.build(),
        }
    }
}

impl Optimizer for FusedAdamW {
    type State<const D: usize> = AdamWState<D>;

    fn step<const D: usize>(
        &self,
        rate: LearningRate,
        tensor: Tensor<D>,
        gradient: Tensor<D>,
        state: Option<Self::State<D>>,
    ) -> (Tensor<D>, Option<Self::State<D>>) {
        if !operators::supports(&tensor.device()) {
            return self.burn.step(rate, tensor, gradient, state);
        }
        let (time, first, second) = match state {
            Some(AdamWState { momentum }) => (momentum.time, momentum.moment_1, momentum.moment_2),
            None => (0, tensor.zeros_like(), tensor.zeros_like()),
        };
        let time = time + 1;
        let update = operators::AdamW {
            rate: rate as f32,
            beta_1: BETA_1,
            beta_2: BETA_2,
            epsilon: self.epsilon,
            weight_decay: self.weight_decay,
            step: time as i32,
        };
        let before = Updated {
            parameter: tensor,
            first,
            second,
        };
        let after = operators::adamw(before, gradient, update);
        let momentum = AdaptiveMomentumState {
            time,
            moment_1: after.first,
            moment_2: after.second,
            max_moment_2: None,
        };
        (after.parameter, Some(AdamWState { momentum }))
    }

    fn to_device<const D: usize>(state: Self::State<D>, device: &Device) -> Self::State<D> {
        <AdamW as Optimizer>::to_device(state, device)
    }
}

#[cfg(test)]
mod tests {
    use burn::tensor::Distribution;

    use super::*;

    #[test]
    fn updates_equal_burns() {
        let device = Device::flex();
        for (shape, weight_decay) in [([3, 5], 0.0), ([300, 517], 0.05)] {
            let fused = FusedAdamW::new(1e-8, weight_decay);
            let start = Tensor::<2>::random(shape, Distribution::Normal(0.0, 1.0), &device);
            let (mut ours, mut burns) = ((start.clone(), None), (start, None));
            for step in 0..5 {
                let gradient = Tensor::random(shape, Distribution::Normal(0.0, 0.3), &device);
                let rate = 1e-2 / f64::from(step + 1);
                ours = fused.step(rate, ours.0, gradient.clone(), ours.1);
                burns = fused.burn.step(rate, burns.0, gradient, burns.1);
            }
            let largest = |tensor: Tensor<2>| tensor.abs().max().into_scalar::<f32>();
            assert!(largest(ours.0 - burns.0) < 1e-6);
            let (Some(ours), Some(burns)) = (ours.1, burns.1) else {
                panic!("no state");
            };
            assert_eq!(ours.momentum.time, burns.momentum.time);
            assert!(largest(ours.momentum.moment_1 - burns.momentum.moment_1) < 1e-6);
            assert!(largest(ours.momentum.moment_2 - burns.momentum.moment_2) < 1e-6);
        }
    }
}
