//! Everything that a run needs to go on where it was: one file, written whole
//! or not at all.

use std::{
    collections::{BTreeMap, HashMap},
    fs::File,
    io::Read,
    path::Path,
};

use pretrained::{NamedTensor, NamedTensors, checksum};
use safetensors::tensor::{Dtype, TensorView};
use serde::{Deserialize, Serialize};

use super::{History, Patience};
use crate::error::TrainError;

/// Of the file's layout; a file of another version is refused.
const VERSION: u32 = 1;

/// What the format allows.
const MOST_HEADER_BYTES: u64 = 100_000_000;

const PROGRESS: &str = "training_state";
const OPTIMIZER: &str = "optimizer";
const NETWORK: &str = "network.";
const AVERAGE: &str = "average.";

/// Sums over the training steps of an epoch so far.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Sums {
    /// Images that were trained on.
    pub images: usize,
    /// Sum of their losses.
    pub loss: f64,
    /// How many were classified right.
    pub correct: usize,
    /// Learning rate of the latest step.
    pub learning_rate: f64,
}

/// How far a run has come.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Progress {
    version: u32,
    /// Whether the last layer has been trained on its own, if it is to be.
    pub head_done: bool,
    /// Epoch that is under way, counted from one.
    pub epoch: usize,
    /// Its steps that are done.
    pub step: usize,
    /// Updates of the weights so far.
    pub updates: usize,
    /// What these steps summed up to.
    pub sums: Sums,
    /// How often the rate has fallen on a plateau.
    pub plateaus: usize,
    /// What the `plateau` schedule waits for.
    pub plateau: Patience,
    /// What early stopping waits for.
    pub stopping: Patience,
    /// The epochs before.
    pub history: History,
}

impl Progress {
    /// Reads how far a run has come from its state, without the tensors.
    ///
    /// # Errors
    /// As [`TrainingState::load`].
    pub fn load(path: &Path) -> Result<Self, TrainError> {
        let metadata = read_metadata(path).map_err(|reason| TrainError::NotAState {
            path: path.to_owned(),
            reason,
        })?;
        Ok(Header::parse(metadata.get(PROGRESS), path)?.progress)
    }

    /// The newest epoch that was trained, validated and kept.
    pub fn epochs_done(&self) -> usize {
        self.history.epochs.last().map_or(0, |record| record.epoch)
    }

    /// Takes back that the run ended early, if it did: what comes next is the epoch
    /// after the newest one.
    pub fn reopen(&mut self) {
        if self.step == 0 {
            self.epoch = self.epochs_done() + 1;
        }
    }

    /// Before the first step of the first epoch.
    pub fn new() -> Self {
        Self {
            version: VERSION,
            head_done: false,
            epoch: 1,
            step: 0,
            updates: 0,
            sums: Sums::default(),
            plateaus: 0,
            plateau: Patience::new(),
            stopping: Patience::new(),
            history: History::default(),
        }
    }
}

impl Default for Progress {
    fn default() -> Self {
        Self::new()
    }
}

/// A run between two updates of its weights.
#[derive(Debug, Clone, PartialEq)]
pub struct TrainingState {
    /// How far it has come.
    pub progress: Progress,
    /// The network, timm names.
    pub network: NamedTensors,
    /// The moving average of its weights, if there is one.
    pub average: Option<NamedTensors>,
    /// burn's record of the optimiser.
    pub optimizer: Vec<u8>,
    /// Under which id the optimiser knows each tensor.
    pub ids: BTreeMap<String, u64>,
}

#[derive(Serialize, Deserialize)]
struct Header {
    progress: Progress,
    /// Hexadecimal: TOML's integers are signed.
    ids: BTreeMap<String, String>,
}

impl Header {
    /// Reads the header of the state at `path` from its metadata.
    ///
    /// # Errors
    /// There is none, or it is another version's.
    fn parse(header: Option<&String>, path: &Path) -> Result<Self, TrainError> {
        let invalid = |reason: String| TrainError::NotAState {
            path: path.to_owned(),
            reason,
        };
        let header =
            header.ok_or_else(|| invalid("it has no training state in its metadata".to_owned()))?;
        let version = header
            .parse::<toml::Table>()
            .ok()
            .and_then(|header| header.get("progress")?.get("version")?.as_integer());
        if version != Some(i64::from(VERSION)) {
            let found = version.map_or("none".to_owned(), |version| version.to_string());
            return Err(invalid(format!(
                "its version is {found}, expected {VERSION}"
            )));
        }
        toml::from_str(header).map_err(|error| invalid(error.message().replace('\n', " ")))
    }
}

/// The metadata of a safetensors file, its tensors unread.
fn read_metadata(path: &Path) -> Result<HashMap<String, String>, String> {
    #[derive(Deserialize)]
    struct Tensors {
        #[serde(default, rename = "__metadata__")]
        metadata: HashMap<String, String>,
    }
    let read = |error: std::io::Error| format!("cannot be read: {error}");
    let mut file = File::open(path).map_err(read)?;
    let mut length = [0; 8];
    file.read_exact(&mut length).map_err(read)?;
    let length = u64::from_le_bytes(length);
    if length > MOST_HEADER_BYTES {
        return Err("its header is too long".to_owned());
    }
    let mut header = Vec::new();
    file.take(length).read_to_end(&mut header).map_err(read)?;
    let tensors: Tensors =
        serde_json::from_slice(&header).map_err(|error| format!("its header: {error}"))?;
    Ok(tensors.metadata)
}

impl TrainingState {
    /// Whether every weight is a number that one can go on from.
    pub fn is_finite(&self) -> bool {
        let average = self.average.iter().flatten();
        let tensors = self.network.iter().chain(average);
        tensors
            .flat_map(|(_, tensor)| &tensor.values)
            .all(|value| value.is_finite())
    }

    /// Writes the state, whole or not at all.
    ///
    /// # Errors
    /// The file cannot be written; the one before stays as it was.
    pub fn save(&self, path: &Path) -> Result<(), TrainError> {
        let mut tensors: Vec<(String, Dtype, Vec<usize>, Vec<u8>)> = Vec::new();
        let average = self.average.iter().flatten().map(|entry| (AVERAGE, entry));
        for (prefix, (name, NamedTensor { shape, values })) in self
            .network
            .iter()
            .map(|entry| (NETWORK, entry))
            .chain(average)
        {
            let bytes = values
                .iter()
                .flat_map(|value| value.to_le_bytes())
                .collect();
            tensors.push((format!("{prefix}{name}"), Dtype::F32, shape.clone(), bytes));
        }
        let length = vec![self.optimizer.len()];
        tensors.push((
            OPTIMIZER.to_owned(),
            Dtype::U8,
            length,
            self.optimizer.clone(),
        ));
        let header = Header {
            progress: self.progress.clone(),
            ids: self
                .ids
                .iter()
                .map(|(name, id)| (name.clone(), format!("{id:x}")))
                .collect(),
        };
        // TOML and not JSON: serde_json reads one float in ten a bit off.
        let header = toml::to_string(&header)
            .map_err(std::io::Error::other)
            .map_err(TrainError::io("write", path))?;
        let metadata = HashMap::from([(PROGRESS.to_owned(), header)]);
        let file = tensors
            .iter()
            .map(|(name, dtype, shape, bytes)| {
                let view = TensorView::new(*dtype, shape.clone(), bytes)?;
                Ok((name.as_str(), view))
            })
            .collect::<Result<Vec<_>, _>>()
            .and_then(|views| checksum::seal(&views, metadata))
            .map_err(std::io::Error::other)
            .map_err(TrainError::io("write", path))?;
        contract::fs::write_atomically(path, &file).map_err(TrainError::io("write", path))
    }

    /// Reads a state that [`save`](Self::save) wrote.
    ///
    /// # Errors
    /// A file that cannot be read, is none of these, is damaged, or is another version's.
    pub fn load(path: &Path) -> Result<Self, TrainError> {
        let invalid = |reason: String| TrainError::NotAState {
            path: path.to_owned(),
            reason,
        };
        let file =
            std::fs::read(path).map_err(|error| invalid(format!("cannot be read: {error}")))?;
        let opened = checksum::open(&file).map_err(|error| invalid(error.to_string()))?;
        let header = Header::parse(opened.metadata.get(PROGRESS), path)?;
        let (mut network, mut average) = (NamedTensors::new(), NamedTensors::new());
        let mut optimizer = Vec::new();
        for (name, view) in opened.tensors.iter() {
            let tensor = || {
                let (values, _) = view.data().as_chunks::<4>();
                NamedTensor {
                    shape: view.shape().to_vec(),
                    values: values.iter().copied().map(f32::from_le_bytes).collect(),
                }
            };
            if let Some(name) = name.strip_prefix(NETWORK) {
                network.insert(name.to_owned(), tensor());
            } else if let Some(name) = name.strip_prefix(AVERAGE) {
                average.insert(name.to_owned(), tensor());
            } else if name == OPTIMIZER {
                optimizer = view.data().to_vec();
            }
        }
        let ids = header
            .ids
            .into_iter()
            .map(|(name, id)| Ok((name, u64::from_str_radix(&id, 16)?)))
            .collect::<Result<_, std::num::ParseIntError>>()
            .map_err(|error| invalid(error.to_string()))?;
        Ok(Self {
            progress: header.progress,
            network,
            average: (!average.is_empty()).then_some(average),
            optimizer,
            ids,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::train::EpochRecord;

    fn state() -> TrainingState {
        let tensor = |value| NamedTensor {
            shape: vec![2],
            values: vec![value, -value],
        };
        TrainingState {
            progress: Progress {
                epoch: 3,
                step: 7,
                sums: Sums {
                    // What serde_json reads back one bit off.
                    loss: 38.0 / 359.0,
                    ..Sums::default()
                },
                ..Progress::new()
            },
            network: NamedTensors::from([("a.weight".to_owned(), tensor(0.1))]),
            average: Some(NamedTensors::from([("a.weight".to_owned(), tensor(0.2))])),
            optimizer: vec![1, 2, 3],
            ids: BTreeMap::from([("a.weight".to_owned(), u64::MAX)]),
        }
    }

    #[test]
    fn a_state_survives_the_round_trip() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("state.safetensors");
        state().save(&path).unwrap();
        assert_eq!(TrainingState::load(&path).unwrap(), state());
        assert_eq!(Progress::load(&path).unwrap(), state().progress);
        let without = TrainingState {
            average: None,
            ..state()
        };
        without.save(&path).unwrap();
        assert_eq!(TrainingState::load(&path).unwrap(), without);
    }

    #[test]
    fn a_run_that_ended_early_can_be_reopened() {
        let record = |epoch| EpochRecord {
            epoch,
            learning_rate: 0.1,
            train_loss: 1.0,
            train_top1: 0.5,
            val_loss: 1.0,
            val_top1: 0.5,
            val_top5: 0.9,
            val_macro_f1: None,
            val_balanced_accuracy: None,
        };
        let mut progress = Progress {
            // Early stopping put the end after the last of 30 epochs.
            epoch: 31,
            history: History {
                epochs: vec![record(0), record(1), record(2)],
            },
            ..Progress::new()
        };
        progress.reopen();
        assert_eq!((progress.epoch, progress.epochs_done()), (3, 2));
        // An epoch that is under way goes on.
        progress.step = 7;
        progress.reopen();
        assert_eq!((progress.epoch, progress.step), (3, 7));
        let mut fresh = Progress::new();
        fresh.reopen();
        assert_eq!(fresh, Progress::new());
    }

    #[test]
    fn an_epoch_of_an_older_version_is_read() {
        let header = |progress: &Progress| toml::to_string(progress).unwrap();
        let mut progress = state().progress;
        progress.history.epochs.push(EpochRecord {
            epoch: 1,
            learning_rate: 1e-3,
            train_loss: 1.0,
            train_top1: 0.5,
            val_loss: 2.0,
            val_top1: 0.5,
            val_top5: 0.9,
            val_macro_f1: None,
            val_balanced_accuracy: None,
        });
        let older = header(&progress);
        assert!(older.contains("val_top5") && !older.contains("val_macro_f1"));
        assert_eq!(toml::from_str::<Progress>(&older).unwrap(), progress);
    }

    #[test]
    fn a_damaged_state_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("state.safetensors");
        state().save(&path).unwrap();
        let mut bytes = std::fs::read(&path).unwrap();
        // Weights come before the optimiser's three bytes: numbers still, but others.
        let weights = bytes.len() - 3 - 16;
        bytes[weights..weights + 4].fill(0);
        std::fs::write(&path, bytes).unwrap();
        let error = TrainingState::load(&path).unwrap_err();
        assert!(error.to_string().contains("damaged"), "{error}");
        assert!(error.hint().unwrap().contains("start a new run"));
    }

    #[test]
    fn other_files_and_versions_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("state.safetensors");
        let message = |path: &Path| {
            let message = TrainingState::load(path).unwrap_err().to_string();
            let header = Progress::load(path).unwrap_err().to_string();
            assert_eq!(header.contains("version"), message.contains("version"));
            message
        };
        assert!(message(&path).contains("cannot be read"));
        std::fs::write(&path, b"not safetensors").unwrap();
        assert!(message(&path).contains("is not a training state"));
        let mut newer = state();
        newer.progress.version = VERSION + 1;
        newer.save(&path).unwrap();
        assert!(message(&path).contains("version is 2, expected 1"));
    }
}
