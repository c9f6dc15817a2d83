//! burn's optimisers, set up the way fine-tuning wants them.

use burn::{
    module::ParamGroup,
    optim::{
        AdamConfig, AdamWConfig, ModuleOptimizer, SgdConfig, decay::WeightDecayConfig,
        momentum::MomentumConfig,
    },
};

use super::{Recipe, recipe::OptimizerKind};

/// PyTorch's default; burn's own, 1e-5, makes Adam timid where gradients are small.
const ADAM_EPSILON: f32 = 1e-8;

/// Parameters that are never decayed: biases and batch norms.
fn undecayed() -> ParamGroup {
    ParamGroup::from_any_predicates(vec!["bias", "gamma", "beta"])
}

/// The optimiser of `recipe`, with fresh state.
pub fn optimizer(recipe: &Recipe) -> ModuleOptimizer {
    let decay = recipe.weight_decay as f32;
    let l2 = (decay > 0.0).then(|| WeightDecayConfig::new(decay));
    match recipe.optimizer {
        OptimizerKind::Adam => {
            let plain = AdamConfig::new().with_epsilon(ADAM_EPSILON);
            plain
                .clone()
                .with_weight_decay(l2)
                .init()
                .with_group(undecayed(), plain.build(), None)
        }
        OptimizerKind::Adamw => {
            let config = AdamWConfig::new().with_epsilon(ADAM_EPSILON);
            let plain = config.clone().with_weight_decay(0.0).build();
            config
                .with_weight_decay(decay)
                .init()
                .with_group(undecayed(), plain, None)
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
