//! What the pretrained network makes of pictures.

use std::{path::Path, sync::atomic::AtomicBool};

use dataset::{Dataset, Split};

use super::Search;
use crate::{
    checkpoint::Checkpoint,
    device::DeviceKind,
    error::TrainError,
    model::EfficientNetConfig,
    train::{FeatureSource, Features, TrainingData, contract},
    weights,
};

/// Features of the pictures of `split`, of `dataset`, from disk if they are there.
///
/// # Errors
/// The weights cannot be read, ONNX Runtime is missing, a picture cannot be decoded, or the
/// features cannot be kept.
pub(super) fn of(
    dataset: &Dataset,
    split: &Split,
    search: &Search<'_>,
) -> Result<Features, TrainError> {
    let recipe = &search.recipe;
    let weights = pretrained::read(search.weights, None)?;
    // Nothing is split: all pictures are looked at.
    let whole = Dataset {
        train: split.clone(),
        val: Some(split.subset(&[])),
        test: None,
        ..dataset.clone()
    };
    let data = TrainingData::new(&whole, recipe, weights.mean, weights.std)?;
    let config =
        EfficientNetConfig::variant(&recipe.architecture, data.classes.len(), weights.family)
            .ok_or_else(|| TrainError::OutOfRange {
                key: "architecture".to_owned(),
                value: recipe.architecture.clone(),
                range: "efficientnet_b0 to efficientnet_b7".to_owned(),
            })?;
    let device = DeviceKind::Cpu.open(&[0])?.devices[0].clone();
    let network = weights::into_network(weights, &config, &device)?;
    let checkpoint = Checkpoint {
        contract: contract(recipe, &data, network.trainable_parameters(), None),
        family: config.family,
        tensors: network.named_tensors(),
    };
    let source = FeatureSource::new(&checkpoint, &config, search.runtime, search.features)?;
    // What is damaged is computed again, which is all that there is to say.
    let damaged = |_: &Path| {};
    let never = AtomicBool::new(false);
    source.features(&data, split, &never, search.done, &damaged)
}
