//! burn's optimisers, set up the way fine-tuning wants them.

mod adamw;

use burn::{
    module::ParamGroup,
    optim::{
        AdamConfig, ModuleOptimizer, SgdConfig,
        decay::WeightDecayConfig,
        lr_scheduler::module_lr_scheduler::{ModuleLearningRate, ModuleLrScheduler},
        momentum::MomentumConfig,
    },
};

use self::adamw::FusedAdamW;
use super::{Recipe, recipe::OptimizerKind};
use crate::model::EfficientNet;

/// Parameters that are never decayed: biases and batch norms.
fn undecayed() -> ParamGroup {
    ParamGroup::from_any_predicates(vec!["bias", "gamma", "beta"])
}

/// The optimiser of `recipe`, with fresh state.
pub fn optimizer(recipe: &Recipe) -> ModuleOptimizer {
    let (decay, epsilon) = (recipe.weight_decay as f32, recipe.epsilon as f32);
    let l2 = (decay > 0.0).then(|| WeightDecayConfig::new(decay));
    match recipe.optimizer {
        OptimizerKind::Adam => {
            let plain = AdamConfig::new().with_epsilon(epsilon);
            plain
                .clone()
                .with_weight_decay(l2)
                .init()
                .with_group(undecayed(), plain.build(), None)
        }
        OptimizerKind::Adamw => {
            let plain = FusedAdamW::new(epsilon, 0.0);
            ModuleOptimizer::from(FusedAdamW::new(epsilon, decay)).with_group(
                undecayed(),
                plain,
                None,
            )
        }
        OptimizerKind::Sgd => {
            let momentum = MomentumConfig::new()
                .with_momentum(0.9)
                .with_dampening(0.0)
                .with_nesterov(true);
            let plain = SgdConfig::new().with_momentum(Some(momentum));
            plain
                .clone()
                .with_weight_decay(l2)
                .init()
                .with_group(undecayed(), plain.build(), None)
        }
    }
}

/// The learning rate of every part of the network, where the last layer's is
/// `rate` and each part before it has `layer_decay` times the next one's.
pub fn rates(rate: f64, layer_decay: f64) -> ModuleLearningRate {
    let mut scheduler = ModuleLrScheduler::new(rate);
    if layer_decay < 1.0 {
        for (part, path) in EfficientNet::part_paths().enumerate() {
            let below = (EfficientNet::PARTS - part) as i32;
            let group = ParamGroup::from_predicate(format!("{path}."));
            scheduler = scheduler.with_group(group, rate * layer_decay.powi(below));
        }
    }
    scheduler.step()
}

#[cfg(test)]
mod tests {
    use burn::module::ParamId;

    use super::*;

    #[test]
    fn each_part_has_its_rate() {
        let rates = rates(1.0, 0.5);
        let of = |path: &str| rates.lr_from_param(ParamId::new(), Some(path));
        assert_eq!(of("classifier.weight"), 1.0);
        assert_eq!(of("head.conv.weight"), 0.5);
        assert_eq!(of("stages.6.0.project.conv.weight"), 0.25);
        assert_eq!(of("stages.0.0.depthwise.norm.gamma"), 0.5f64.powi(8));
        assert_eq!(of("stem.conv.weight"), 0.5f64.powi(9));
    }
}
