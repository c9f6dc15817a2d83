//! Checkpoints: one safetensors file with the network's tensors under timm
//! names, and in its metadata everything an export needs.

use std::{collections::HashMap, path::Path};

use contract::Contract;
use pretrained::{Family, NamedTensor, NamedTensors, checksum};
use safetensors::{SafeTensors, tensor::Dtype, tensor::TensorView};

use crate::{error::TrainError, model::EfficientNetConfig, train::Recipe};

/// Key of the contract in the safetensors metadata.
const CONTRACT_KEY: &str = contract::METADATA_KEY;

/// A trained network with its contract.
#[derive(Debug, Clone, PartialEq)]
pub struct Checkpoint {
    /// What the exported model will say of itself.
    pub contract: Contract,
    /// Padding and batch-norm epsilon.
    pub family: Family,
    /// Every tensor under its timm name, in PyTorch's layout.
    pub tensors: NamedTensors,
}

impl Checkpoint {
    /// Configuration of the network that the tensors belong to.
    ///
    /// # Errors
    /// An architecture that this version does not know.
    pub fn config(&self, path: &Path) -> Result<EfficientNetConfig, TrainError> {
        let name = &self.contract.architecture;
        EfficientNetConfig::variant(name, self.contract.classes.len(), self.family).ok_or_else(
            || TrainError::NotACheckpoint {
                path: path.to_owned(),
                reason: format!("its architecture '{name}' is unknown"),
            },
        )
    }

    /// The recipe that it was trained with, as far as this version knows its
    /// keys: what another version's augmentation was matters no more.
    ///
    /// # Errors
    /// A value that this version does not read.
    pub fn recipe(&self, path: &Path) -> Result<Recipe, TrainError> {
        let mut recipe = self.contract.training.recipe.clone();
        let known = serde_json::to_value(Recipe::default()).unwrap_or_default();
        if let Some(values) = recipe.as_object_mut() {
            values.retain(|key, _| known.get(key).is_some());
        }
        serde_json::from_value(recipe).map_err(|error| TrainError::NotACheckpoint {
            path: path.to_owned(),
            reason: format!("its recipe cannot be read: {error}"),
        })
    }

    /// Top-1 accuracy on the validation split, measured when it was written.
    pub fn val_top1(&self) -> Option<f64> {
        self.contract.training.metrics.get("val_top1").copied()
    }

    /// Writes the checkpoint, whole or not at all.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn save(&self, path: &Path) -> Result<(), TrainError> {
        let preprocessing = &self.contract.preprocessing;
        let source = format!("trainer {}", self.contract.training.trainer_version);
        let mut metadata: HashMap<String, String> =
            pretrained::metadata(self.family, preprocessing.mean, preprocessing.std, &source)
                .into_iter()
                .collect();
        metadata.insert(CONTRACT_KEY.to_owned(), self.contract.to_json());
        let bytes: Vec<(&String, &Vec<usize>, Vec<u8>)> = self
            .tensors
            .iter()
            .map(|(name, NamedTensor { shape, values })| {
                let bytes = values
                    .iter()
                    .flat_map(|value| value.to_le_bytes())
                    .collect();
                (name, shape, bytes)
            })
            .collect();
        let invalid = |error: safetensors::SafeTensorError| TrainError::NotACheckpoint {
            path: path.to_owned(),
            reason: error.to_string(),
        };
        let views = bytes
            .iter()
            .map(|(name, shape, bytes)| {
                let view = TensorView::new(Dtype::F32, (*shape).clone(), bytes)?;
                Ok((name.as_str(), view))
            })
            .collect::<Result<Vec<_>, _>>()
            .map_err(invalid)?;
        let file = checksum::seal(&views, metadata).map_err(invalid)?;
        contract::fs::write_atomically(path, &file).map_err(TrainError::io("write", path))
    }

    /// Reads a checkpoint that [`save`](Self::save) wrote.
    ///
    /// # Errors
    /// A file that cannot be read, is not safetensors, is damaged, has no contract,
    /// or whose contract is from a newer version.
    pub fn load(path: &Path) -> Result<Self, TrainError> {
        let not_a_checkpoint = |reason: String| TrainError::NotACheckpoint {
            path: path.to_owned(),
            reason,
        };
        let file = std::fs::read(path)
            .map_err(|error| not_a_checkpoint(format!("cannot be read: {error}")))?;
        let (_, header) = SafeTensors::read_metadata(&file)
            .map_err(|error| not_a_checkpoint(error.to_string()))?;
        let json = header
            .metadata()
            .as_ref()
            .and_then(|metadata| metadata.get(CONTRACT_KEY))
            .ok_or_else(|| {
                not_a_checkpoint("it has no model contract in its metadata".to_owned())
            })?;
        let contract = Contract::from_json(json).map_err(|source| TrainError::Contract {
            path: path.to_owned(),
            source,
        })?;
        let weights = pretrained::read(path, None)?;
        Ok(Self {
            contract,
            family: weights.family,
            tensors: weights.tensors,
        })
    }
}
