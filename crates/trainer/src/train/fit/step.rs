//! One step: forward, loss, backward, and the update when it is due.

use burn::{
    module::Module,
    optim::{GradientsAccumulator, GradientsParams, ModuleOptimizer},
    tensor::Tensor,
};

use crate::{
    error::TrainError,
    model::EfficientNet,
    train::{
        Batch, Loader, Recipe, TrainingData,
        devices::{Answer, Devices, Task},
        gradients,
        loss::Criterion,
        optimizer::rates,
    },
};

/// The network and what changes it.
pub(super) struct Learner {
    pub network: EfficientNet,
    pub optimizer: ModuleOptimizer,
    accumulator: GradientsAccumulator<EfficientNet>,
    criterion: Criterion,
}

/// What a step gave, still on the device: reading it waits for the step.
pub(super) struct Stepped {
    /// Of each device's share.
    answers: Vec<Answer>,
    /// Length of the gradients, where they are clipped.
    norm: Option<Tensor<1>>,
}

/// Steps whose outcome may wait on a device that works on its own: reading one
/// waits for the device, which then has nothing to do until the next step comes.
pub(super) const UNREAD_STEPS: usize = 16;

/// A step whose outcome has not been read.
pub(super) struct Unread {
    pub step: usize,
    pub learning_rate: f64,
    pub stepped: Stepped,
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
    /// Trains `network` on `data`, what the recipe freezes left out.
    pub fn new(
        network: EfficientNet,
        optimizer: ModuleOptimizer,
        recipe: &Recipe,
        data: &TrainingData,
    ) -> Self {
        Self {
            network: network
                .freeze_leading(recipe.freeze)
                .train()
                .with_batch_norms(recipe.batch_norm_momentum, recipe.freeze_batch_norm),
            optimizer,
            accumulator: GradientsAccumulator::new(),
            criterion: Criterion::new(recipe, &data.train.labels(), data.classes.len()),
        }
    }

    /// Learns from `batch`, one of `group` whose gradients are averaged; the
    /// weights change if an update is `due`, at that peak rate.
    ///
    /// # Errors
    /// A device failed.
    pub fn step(
        &mut self,
        batch: Batch,
        loader: &Loader<'_>,
        recipe: &Recipe,
        group: usize,
        due: Option<f64>,
        devices: &Devices,
    ) -> Result<Stepped, TrainError> {
        let task = Task {
            preprocessing: loader.preprocessing().clone(),
            precision: recipe.precision,
            criterion: self.criterion.clone(),
            group,
        };
        let learnt = devices.learn(&self.network, batch, task)?;
        let mut stepped = Stepped {
            answers: learnt.answers,
            norm: None,
        };
        if let Some(gradients) =
            self.accumulated(learnt.gradients, recipe.accumulate, due.is_some())
        {
            stepped.norm = self.update(gradients, recipe, due.unwrap_or_default());
        }
        Ok(stepped)
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
        let images: usize = self.answers.iter().map(|answer| answer.labels.len()).sum();
        let weight: f64 = self.answers.iter().map(|answer| answer.weight).sum();
        let mean = |answer: &Answer| answer.loss() * (answer.weight / weight);
        Outcome {
            images,
            loss: self.answers.iter().map(mean).sum(),
            correct: self.answers.iter().map(Answer::correct).sum(),
            gradient_is_finite: self.norm.is_none_or(is_finite),
        }
    }
}
