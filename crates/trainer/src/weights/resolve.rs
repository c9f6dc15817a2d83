//! From a recipe's `weights` value to a network that starts from them.

use std::path::PathBuf;

use burn::tensor::Device;
use pretrained::{Family, ModelsFolders, PretrainedError, Weights, hub};

use crate::{
    error::TrainError,
    model::{EfficientNet, EfficientNetConfig},
};

/// Names of the tensors that depend on the number of classes.
const HEAD: [&str; 2] = ["classifier.weight", "classifier.bias"];

/// timm's repository for each variant.
const HUB_REPOSITORIES: [(&str, &str); 8] = [
    ("efficientnet_b0", hub::DEFAULT_REPO),
    ("efficientnet_b1", "timm/efficientnet_b1.ft_in1k"),
    ("efficientnet_b2", "timm/efficientnet_b2.ra_in1k"),
    ("efficientnet_b3", "timm/efficientnet_b3.ra2_in1k"),
    ("efficientnet_b4", "timm/efficientnet_b4.ra2_in1k"),
    ("efficientnet_b5", "timm/efficientnet_b5.sw_in12k_ft_in1k"),
    ("efficientnet_b6", "timm/tf_efficientnet_b6.ns_jft_in1k"),
    ("efficientnet_b7", "timm/tf_efficientnet_b7.ns_jft_in1k"),
];

/// Finds what a recipe's `weights` value asks for: `none`, `auto` (what is
/// in `folders` for `architecture`, then the Hugging Face hub) or a file. `family` overrides
/// what the file says of its padding and epsilon.
///
/// # Errors
/// The file cannot be read, or there is nothing in `folders` and the hub
/// cannot be reached.
pub fn resolve(
    weights: &str,
    architecture: &str,
    family: Option<Family>,
    folders: &ModelsFolders,
    progress: bool,
) -> Result<Option<Weights>, TrainError> {
    let path = match weights {
        "none" => return Ok(None),
        "auto" => automatic(architecture, folders, progress)?,
        file => file.into(),
    };
    Ok(Some(pretrained::read(&path, family)?))
}

/// Weights of `architecture` in `folders`, else from the hub.
fn automatic(
    architecture: &str,
    folders: &ModelsFolders,
    progress: bool,
) -> Result<PathBuf, TrainError> {
    if architecture == "efficientnet_b0"
        && let Some(path) = folders.find_default()
    {
        return Ok(path);
    }
    let repository = HUB_REPOSITORIES
        .iter()
        .find(|(name, _)| *name == architecture)
        .map_or(hub::DEFAULT_REPO, |(_, repository)| repository);
    // Weights that were fetched before are kept and need no network.
    let kept = hub::file_name(repository).and_then(|name| folders.holding(&name));
    let folder = kept.unwrap_or_else(|| folders.for_new());
    hub::fetch(repository, None, folder, progress).map_err(|source| TrainError::NoWeights {
        folders: folders.clone(),
        source: Box::new(source),
    })
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
