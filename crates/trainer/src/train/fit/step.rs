//! One step: forward, loss, backward, and the update when it is due.

use burn::{
    module::Module,
    optim::{GradientsAccumulator, GradientsParams, ModuleOptimizer},
    tensor::{Device, Tensor},
};

use crate::{
    model::EfficientNet,
    train::{
        Batch, Loader, Recipe, gradients,
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

/// What a step gave, still on the device: reading it waits for the step.
pub(super) struct Stepped {
    loss: Tensor<1>,
    logits: Tensor<2>,
    /// Length of the gradients, where they are clipped.
    norm: Option<Tensor<1>>,
    labels: Vec<usize>,
}

/// What a step gave.
pub(super) struct Outcome {
    pub images: usize,
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
    /// weights change if an update is `due`, at that peak rate.
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
        let gradients = (loss.clone() / group as f64).backward();
        let gradients = GradientsParams::from_grads(gradients, &self.network);
        let mut stepped = Stepped {
            loss: loss.inner(),
            logits: logits.inner(),
            norm: None,
            labels,
        };
        if let Some(gradients) = self.accumulated(gradients, recipe.accumulate, due.is_some()) {
            stepped.norm = self.update(gradients, recipe, due.unwrap_or_default());
        }
        stepped
    }

    /// The gradients of an update: of one step, or of all since the last one
    /// if it is due.
    fn accumulated(
        &mut self,
        gradients: GradientsParams,
        accumulate: usize,
        due: bool,
    ) -> Option<GradientsParams> {
        if accumulate == 1 {
            return Some(gradients);
        }
        self.accumulator.accumulate(&self.network, gradients);
        due.then(|| self.accumulator.grads())
    }

    /// Changes the weights; gives the gradients' length where it is looked at.
    fn update(
        &mut self,
        mut gradients: GradientsParams,
        recipe: &Recipe,
        rate: f64,
    ) -> Option<Tensor<1>> {
        let norm = (recipe.clip_norm > 0.0).then(|| gradients::norm(&gradients, &self.network));
        if let Some(norm) = norm.clone() {
            gradients = gradients::clip_norm(gradients, &self.network, norm, recipe.clip_norm);
        }
        let rates = rates(rate, recipe.layer_decay);
        self.network = self.optimizer.step(rates, self.network.clone(), gradients);
        norm
    }
}

impl Stepped {
    /// Waits for the step and reads what it gave.
    pub fn read(self) -> Outcome {
        let is_finite = |norm: Tensor<1>| norm.into_scalar::<f64>().is_finite();
        Outcome {
            images: self.labels.len(),
            loss: self.loss.into_scalar::<f64>(),
            correct: correct(&host_logits(&self.logits), &self.labels),
            gradient_is_finite: self.norm.is_none_or(is_finite),
        }
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
