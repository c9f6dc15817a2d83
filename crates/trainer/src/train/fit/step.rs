//! One step: forward, loss, backward, and the update when it is due.

use burn::{
    module::Module,
    optim::{GradientsAccumulator, GradientsParams, ModuleOptimizer},
    tensor::Device,
};

use crate::{
    model::EfficientNet,
    train::{
        Batch, Loader, Recipe,
        gradients::clip_norm,
        loss::{soft_cross_entropy, target_probabilities},
        optimizer::rates,
        validate::{host_logits, images},
    },
};

/// The network and what changes it.
pub(super) struct Learner {
    pub network: EfficientNet,
    pub optimizer: ModuleOptimizer,
    accumulator: GradientsAccumulator<EfficientNet>,
}

/// What a step gave.
pub(super) struct Stepped {
    pub loss: f64,
    pub correct: usize,
    /// Known where gradients are clipped, else taken for granted.
    pub gradient_is_finite: bool,
}

impl Learner {
    /// Trains `network`, what the recipe freezes left out.
    pub fn new(network: EfficientNet, optimizer: ModuleOptimizer, recipe: &Recipe) -> Self {
        Self {
            network: network
                .freeze_leading(recipe.freeze)
                .train()
                .with_batch_norms(recipe.batch_norm_momentum, recipe.freeze_batch_norm),
            optimizer,
            accumulator: GradientsAccumulator::new(),
        }
    }

    /// Learns from `batch`, one of `group` whose gradients are averaged; the
    /// weights change if an update is `due`, at that peak rate. A loss or
    /// gradient that is not finite changes nothing.
    pub fn step(
        &mut self,
        batch: Batch,
        loader: &Loader<'_>,
        recipe: &Recipe,
        group: usize,
        due: Option<f64>,
        device: &Device,
    ) -> Stepped {
        let labels = batch.labels.clone();
        let targets = batch.targets.clone();
        let logits = self.network.forward(images(batch, loader, device));
        let [_, classes] = logits.dims();
        let probabilities = target_probabilities(&targets, classes, recipe.label_smoothing, device);
        let loss = soft_cross_entropy(logits.clone(), probabilities);
        let mut stepped = Stepped {
            loss: loss.clone().into_scalar::<f64>(),
            correct: correct(&host_logits(&logits), &labels),
            gradient_is_finite: true,
        };
        if !stepped.loss.is_finite() {
            return stepped;
        }
        let gradients = (loss / group as f64).backward();
        let mut gradients = GradientsParams::from_grads(gradients, &self.network);
        if recipe.accumulate > 1 {
            self.accumulator.accumulate(&self.network, gradients);
            if due.is_none() {
                return stepped;
            }
            gradients = self.accumulator.grads();
        }
        let Some(rate) = due else {
            return stepped;
        };
        let Some(gradients) = clip_norm(gradients, &self.network, recipe.clip_norm) else {
            stepped.gradient_is_finite = false;
            return stepped;
        };
        let rates = rates(rate, recipe.layer_decay);
        self.network = self.optimizer.step(rates, self.network.clone(), gradients);
        stepped
    }
}

/// How many rows of `logits` have their largest value at their label.
fn correct(logits: &[f32], labels: &[usize]) -> usize {
    let classes = logits.len() / labels.len();
    logits
        .chunks(classes)
        .zip(labels)
        .filter(|(logits, label)| metrics::argmax(logits) == **label)
        .count()
}
