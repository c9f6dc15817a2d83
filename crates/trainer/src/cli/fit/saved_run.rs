//! What a run's folder says about where the run came from.

use std::path::PathBuf;

use contract::{Contract, fs::sha256_hex};
use dataset::Source;
use pretrained::Family;
use serde::{Deserialize, Serialize};
use trainer::{
    TrainError,
    train::{Recipe, RunFolder, TrainingData},
};

use crate::cli::{
    locations::DatasetArguments,
    prepared::{Prepared, config},
};

/// Kept as `run.json`; the recipe stands beside it.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct SavedRun {
    /// Data set as `--dataset` takes it; a folder's path is absolute.
    dataset: String,
    data_path: Option<PathBuf>,
    data_dir: PathBuf,
    family: Family,
    /// Of the file `recipe.toml`, which the state belongs to. A later version may
    /// know more keys: they have their defaults.
    recipe_sha256: String,
    contract: Contract,
}

impl SavedRun {
    pub fn of(dataset: &DatasetArguments, prepared: &Prepared) -> anyhow::Result<Self> {
        let source = match dataset.dataset.as_ref().unwrap_or(&Source::Digits) {
            Source::Folder(path) => std::path::absolute(path)?.display().to_string(),
            built_in => built_in.to_string(),
        };
        let absolute = |path: &PathBuf| std::path::absolute(path);
        Ok(Self {
            dataset: source,
            data_path: dataset.data_path.as_ref().map(absolute).transpose()?,
            data_dir: absolute(&dataset.data_dir)?,
            family: prepared.config.family,
            recipe_sha256: sha256_hex(prepared.recipe.to_toml().as_bytes()),
            contract: prepared.contract.clone(),
        })
    }

    pub fn save(&self, run: &RunFolder) -> anyhow::Result<()> {
        Ok(run.write_origin(&serde_json::to_vec_pretty(self)?)?)
    }

    /// # Errors
    /// The folder is not that of a run, or of another version's.
    pub fn load(run: &RunFolder) -> Result<Self, TrainError> {
        let path = run.origin();
        let cannot = |reason: String| TrainError::CannotResume {
            path: run.path().to_owned(),
            reason,
        };
        let json = std::fs::read_to_string(&path)
            .map_err(|error| cannot(format!("run.json cannot be read: {error}")))?;
        serde_json::from_str(&json).map_err(|error| cannot(format!("run.json: {error}")))
    }

    /// # Errors
    /// The recipe cannot be read or was changed.
    fn recipe(&self, run: &RunFolder) -> Result<Recipe, TrainError> {
        let cannot = |reason: String| TrainError::CannotResume {
            path: run.path().to_owned(),
            reason,
        };
        let file = std::fs::read(run.recipe())
            .map_err(|error| cannot(format!("recipe.toml cannot be read: {error}")))?;
        if sha256_hex(&file) != self.recipe_sha256 {
            let reason = "its recipe.toml was changed, and its state belongs to the old one";
            return Err(cannot(reason.to_owned()));
        }
        Recipe::load(&run.recipe().display().to_string())
    }

    /// Opens the same data again, where `moved` says if it says so.
    ///
    /// # Errors
    /// The data set is gone or is another one, or the recipe cannot be read or
    /// was changed.
    pub fn prepare(self, run: &RunFolder, moved: &DatasetArguments) -> anyhow::Result<Prepared> {
        let recipe = Recipe {
            // What it began with: recipes of before there was a choice do not say.
            resize: self.contract.preprocessing.resize.into(),
            ..self.recipe(run)?
        };
        let dataset = DatasetArguments {
            dataset: match &moved.dataset {
                Some(dataset) => Some(dataset.clone()),
                None => Some(self.dataset.parse().map_err(anyhow::Error::msg)?),
            },
            data_path: moved.data_path.clone().or(self.data_path),
            data_dir: self.data_dir,
        };
        let opened = dataset.open(&Source::Digits)?;
        let expected = &self.contract.training.dataset.sha256;
        if opened.sha256 != *expected {
            return Err(TrainError::CannotResume {
                path: run.path().to_owned(),
                reason: format!(
                    "the data set's sha256 is {}, expected {expected}",
                    opened.sha256
                ),
            }
            .into());
        }
        let preprocessing = &self.contract.preprocessing;
        let data = TrainingData::new(&opened, &recipe, preprocessing.mean, preprocessing.std)?;
        let config = config(&recipe, data.classes.len(), self.family)?;
        Ok(Prepared {
            recipe,
            data,
            config,
            contract: self.contract,
            features: dataset.data_dir.join("features"),
        })
    }
}
