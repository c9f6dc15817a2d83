//! The learning-rate range test (Smith 2017): steps at growing rates.

use std::ops::ControlFlow;

use burn::tensor::Device;
use metrics::RangeTest;

use super::step::Learner;
use crate::{
    error::TrainError,
    model::EfficientNet,
    train::{Loader, Recipe, TrainingData, devices::Devices, optimizer::optimizer},
};

/// Trains `network`, which lies on the first of `devices`, at the rates that
/// `test` asks for, on shuffled and augmented batches of the recipe's last size,
/// and gives it their losses.
///
/// # Errors
/// A picture that cannot be decoded, or a device that failed.
pub fn find_learning_rate(
    recipe: &Recipe,
    data: &TrainingData,
    network: EfficientNet,
    devices: &[Device],
    test: &mut RangeTest,
) -> Result<(), TrainError> {
    let devices = Devices::new(devices, recipe.precision)?;
    let size = recipe.train_image_size();
    let loader =
        Loader::new(data, &data.train, recipe.batch_size, size).for_device(devices.first());
    let mut learner = Learner::new(network, optimizer(recipe), recipe, data);
    devices.seed(recipe.seed);
    let mut epoch = 1;
    while test.next_rate().is_some() {
        loader.shuffled(recipe, epoch, 0, |batch| {
            let Some(rate) = test.next_rate() else {
                return Ok(ControlFlow::Break(()));
            };
            let stepped = learner.step(batch, &loader, recipe, 1, Some(rate), &devices)?;
            test.add(stepped.read().loss);
            Ok(ControlFlow::Continue(()))
        })?;
        epoch += 1;
    }
    Ok(())
}
