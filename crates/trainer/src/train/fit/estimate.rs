//! How long a run will take, from steps tried on its device.

use std::{
    ops::ControlFlow,
    time::{Duration, Instant},
};

use burn::{module::Module, tensor::Device};

use super::step::Learner;
use crate::{
    error::TrainError,
    model::EfficientNet,
    train::{
        Loader, Recipe, TrainingData, devices::Devices, optimizer::optimizer, validate::host_logits,
    },
};

/// Steps are tried for at least this long at each size of the images.
const TRIED: Duration = Duration::from_secs(3);

/// Speeds measured on the device, and what follows for the run.
#[derive(Debug, Clone, PartialEq)]
pub struct Estimate {
    /// Every size of the images that the run trains on, in order.
    pub sizes: Vec<SizeEstimate>,
    /// Validation images a second.
    pub validation_images_per_second: f64,
    /// Seconds that the features for the last layer take at most, if it is
    /// trained on its own first.
    pub features_seconds: f64,
    /// Seconds of the whole run, the export left out.
    pub seconds: f64,
}

/// Training on images of one size.
#[derive(Debug, Clone, PartialEq)]
pub struct SizeEstimate {
    /// Side of the images in pixels.
    pub size: usize,
    /// Epochs of this size.
    pub epochs: usize,
    /// Training images a second.
    pub images_per_second: f64,
}

/// Tries steps of `recipe` on `devices` and `network`, which lies on the first one
/// with autodiff and is left as it is.
///
/// # Errors
/// A picture that cannot be decoded, or a device that failed.
pub fn estimate(
    recipe: &Recipe,
    data: &TrainingData,
    network: &EfficientNet,
    devices: &[Device],
) -> Result<Estimate, TrainError> {
    let devices = Devices::new(devices, recipe.precision)?;
    let mut sizes: Vec<SizeEstimate> = Vec::new();
    for epoch in 1..=recipe.epochs {
        let size = recipe.image_size_in(epoch);
        if let Some(same) = sizes.iter_mut().find(|estimate| estimate.size == size) {
            same.epochs += 1;
            continue;
        }
        sizes.push(SizeEstimate {
            size,
            epochs: 1,
            images_per_second: training_speed(recipe, data, network, epoch, &devices)?,
        });
    }
    let validation_images_per_second = validation_speed(recipe, data, network, devices.first())?;
    let (train, val) = (data.train.len() as f64, data.val.len() as f64);
    let features_seconds = match recipe.head_epochs {
        0 => 0.0,
        _ => train / validation_images_per_second,
    };
    let epochs: f64 = sizes
        .iter()
        .map(|size| {
            let validation = val / validation_images_per_second;
            size.epochs as f64 * (train / size.images_per_second + validation)
        })
        .sum();
    Ok(Estimate {
        seconds: features_seconds + epochs,
        sizes,
        validation_images_per_second,
        features_seconds,
    })
}

fn training_speed(
    recipe: &Recipe,
    data: &TrainingData,
    network: &EfficientNet,
    epoch: usize,
    devices: &Devices,
) -> Result<f64, TrainError> {
    let size = recipe.image_size_in(epoch);
    let loader =
        Loader::new(data, &data.train, recipe.batch_size, size).for_device(devices.first());
    let mut learner = Learner::new(network.clone(), optimizer(recipe), recipe, data);
    let mut clock = Clock::new();
    loader.shuffled(recipe, epoch, 0, |batch| {
        let images = batch.labels.len();
        learner
            .step(batch, &loader, recipe, 1, Some(0.0), devices)?
            .read();
        Ok(clock.has_seen(images))
    })?;
    Ok(clock.images_per_second())
}

fn validation_speed(
    recipe: &Recipe,
    data: &TrainingData,
    network: &EfficientNet,
    device: &Device,
) -> Result<f64, TrainError> {
    let network = network.valid();
    let device = device.clone().inner();
    let loader = Loader::validation(data, recipe, &device);
    let mut clock = Clock::new();
    loader.in_order(|batch| {
        let count = batch.labels.len();
        let pixels = batch.pixels.into_tensor(loader.preprocessing(), &device);
        host_logits(&network.forward(pixels));
        Ok(clock.has_seen(count))
    })?;
    Ok(clock.images_per_second())
}

/// Times batches. The first, which finds cold caches and kernels that are still
/// to be compiled, counts only where there is no other.
struct Clock {
    began: Instant,
    /// Duration and images of the first batch.
    first: Option<(Duration, usize)>,
    /// Of the batches after it.
    images: usize,
    elapsed: Duration,
}

impl Clock {
    fn new() -> Self {
        Self {
            began: Instant::now(),
            first: None,
            images: 0,
            elapsed: Duration::ZERO,
        }
    }

    /// Counts a batch that is done; breaks after enough of them.
    fn has_seen(&mut self, images: usize) -> ControlFlow<()> {
        let elapsed = self.began.elapsed();
        let Some((first, _)) = self.first else {
            self.first = Some((elapsed, images));
            return ControlFlow::Continue(());
        };
        self.images += images;
        self.elapsed = elapsed - first;
        match self.elapsed >= TRIED {
            true => ControlFlow::Break(()),
            false => ControlFlow::Continue(()),
        }
    }

    fn images_per_second(&self) -> f64 {
        let (elapsed, images) = match self.first {
            Some((first, images)) if self.images == 0 => (first, images),
            _ => (self.elapsed, self.images),
        };
        images as f64 / elapsed.as_secs_f64().max(1e-9)
    }
}
