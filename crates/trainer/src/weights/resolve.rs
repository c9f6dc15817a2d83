//! From a recipe's `weights` value to a network that starts from them.

use std::path::Path;

use burn::tensor::Device;
use pretrained::{Family, PretrainedError, Weights, hub};

use crate::{
    error::TrainError,
    model::{EfficientNet, EfficientNetConfig},
};

/// Names of the tensors that depend on the number of classes.
const HEAD: [&str; 2] = ["classifier.weight", "classifier.bias"];

/// Finds what a recipe's `weights` value asks for: `none`, `auto` (what is
/// under `models_dir`, then the Hugging Face hub) or a file. `family` overrides
/// what the file says of its padding and epsilon.
///
/// # Errors
/// The file cannot be read, or there is nothing under `models_dir` and the hub
/// cannot be reached.
pub fn resolve(
    weights: &str,
    family: Option<Family>,
    models_dir: &Path,
    progress: bool,
) -> Result<Option<Weights>, TrainError> {
    let path = match weights {
        "none" => return Ok(None),
        "auto" => match pretrained::find_default(models_dir) {
            Some(path) => path,
            None => {
                hub::fetch(hub::DEFAULT_REPO, None, models_dir, progress).map_err(|source| {
                    TrainError::NoWeights {
                        models_dir: models_dir.to_owned(),
                        source,
                    }
                })?
            }
        },
        file => file.into(),
    };
    Ok(Some(pretrained::read(&path, family)?))
}

/// The network of `config` with `weights` in it. The last layer stays fresh
/// where the weights have another number of classes.
///
/// # Errors
/// Names every tensor that is missing, surplus or of another shape.
pub fn into_network(
    weights: Weights,
    config: &EfficientNetConfig,
    device: &Device,
) -> Result<EfficientNet, PretrainedError> {
    let network = config.init(device);
    let mut tensors = weights.tensors;
    let classes = |shape: &[usize]| shape.first().copied();
    let pretrained_classes = tensors.get(HEAD[0]).and_then(|head| classes(&head.shape));
    if pretrained_classes.is_some_and(|count| count != config.classes) {
        let mut fresh = network.named_tensors();
        for name in HEAD {
            if let (Some(head), true) = (fresh.remove(name), tensors.contains_key(name)) {
                tensors.insert(name.to_owned(), head);
            }
        }
    }
    network.with_tensors(tensors)
}
