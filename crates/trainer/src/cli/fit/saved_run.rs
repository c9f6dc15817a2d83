//! What a run's folder says about where the run came from.

use std::fs::File;

use contract::{Contract, fs::sha256_hex};
use dataset::{DatasetError, Given, OpenOptions, Origin, RunRecord, Source};
use pretrained::{Family, Statistics};
use serde::{Deserialize, Serialize};
use trainer::{
    TrainError,
    train::{Recipe, RunFolder, TrainingData},
};

use crate::cli::{
    locations::{DatasetArguments, say_notes},
    overrides::RecipeArguments,
    prepared::{Prepared, config},
};

/// Kept as `run.json`; the recipe stands beside it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SavedRun {
    #[serde(flatten)]
    origin: Origin,
    family: Family,
    /// The recipe as it was named, and the keys of the values that were given beside it.
    #[serde(default)]
    recipe: Option<String>,
    #[serde(default)]
    changed: Vec<String>,
    /// Of the file `recipe.toml`, which the state belongs to. A later version may
    /// know more keys: they have their defaults.
    recipe_sha256: String,
    /// Of the recipe before, which a process that was killed may have left in its place.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    replaced_recipe_sha256: Option<String>,
    contract: Contract,
}

impl SavedRun {
    pub fn of(
        dataset: &DatasetArguments,
        recipe: &RecipeArguments,
        prepared: &Prepared,
        run: &RunFolder,
    ) -> anyhow::Result<Self> {
        let source = dataset.dataset.as_ref().unwrap_or(&Source::Digits);
        let changed = recipe.given_keys();
        Ok(Self {
            origin: Origin::new(source, &dataset.options(), run.path())?,
            family: prepared.config.family,
            recipe: prepared.recipe_name.clone(),
            changed: changed.into_iter().map(str::to_owned).collect(),
            recipe_sha256: recipe_sha256(&prepared.recipe),
            replaced_recipe_sha256: None,
            contract: prepared.contract.clone(),
        })
    }

    pub fn save(&self, run: &RunFolder) -> anyhow::Result<()> {
        Ok(run.write_origin(&serde_json::to_vec_pretty(self)?)?)
    }

    /// # Errors
    /// The folder is not that of a run, or of another version's.
    pub fn load(run: &RunFolder) -> Result<Self, TrainError> {
        let cannot = |reason: String| cannot_resume(run, reason);
        let record = RunRecord::read(run.path())
            .map_err(|error| cannot(error.to_string()))?
            .ok_or_else(|| cannot("run.json cannot be read: it is not there".to_owned()))?;
        serde_json::from_slice(record.json()).map_err(|error| cannot(format!("run.json: {error}")))
    }

    /// The recipe that stands beside it, and the run as it belongs to that recipe.
    ///
    /// # Errors
    /// The recipe cannot be read or was changed by hand.
    pub fn with_recipe(mut self, run: &RunFolder) -> Result<(Self, Recipe), TrainError> {
        let file = std::fs::read(run.recipe())
            .map_err(|error| cannot_resume(run, format!("recipe.toml cannot be read: {error}")))?;
        let sha256 = sha256_hex(&file);
        if sha256 != self.recipe_sha256 && Some(&sha256) != self.replaced_recipe_sha256.as_ref() {
            let reason = "its recipe.toml was changed, and its state belongs to the old one";
            return Err(cannot_resume(run, reason.to_owned()));
        }
        let recipe = Recipe {
            // What it began with: recipes of before there was a choice do not say.
            resize: self.contract.preprocessing.resize.into(),
            ..Recipe::read(&run.recipe())?
        };
        self.belong_to(&recipe, sha256);
        Ok((self, recipe))
    }

    /// Puts `recipe`, which has another number of epochs, in the place of the run's, and gives
    /// the lock on it. A process that is killed meanwhile leaves either recipe, and a run that
    /// can go on with it.
    ///
    /// # Errors
    /// A file cannot be written, or another process trains in this folder now.
    pub fn replace_recipe(&mut self, recipe: &Recipe, run: &RunFolder) -> anyhow::Result<File> {
        let replaced = std::mem::take(&mut self.recipe_sha256);
        self.belong_to(recipe, recipe_sha256(recipe));
        if !self.changed.iter().any(|key| key == EPOCHS) {
            self.changed.push(EPOCHS.to_owned());
        }
        self.replaced_recipe_sha256 = Some(replaced);
        self.save(run)?;
        run.write_recipe(recipe)?;
        let lock = run.lock()?;
        self.replaced_recipe_sha256 = None;
        self.save(run)?;
        Ok(lock)
    }

    fn belong_to(&mut self, recipe: &Recipe, sha256: String) {
        self.recipe_sha256 = sha256;
        self.replaced_recipe_sha256 = None;
        if let Some(kept) = self.contract.training.recipe.as_object_mut() {
            kept.insert(EPOCHS.to_owned(), recipe.epochs.into());
        }
    }

    /// Opens the same data again, where `given` says if it says so, and keeps where that is.
    ///
    /// # Errors
    /// The data set is gone or is another one.
    pub fn prepare(
        &mut self,
        recipe: Recipe,
        run: &RunFolder,
        given: &Given,
    ) -> anyhow::Result<Prepared> {
        let folder = std::path::absolute(run.path())?;
        let (recorded, options) = self.origin.seen_from(&folder);
        let options = given.options_over(options);
        let source = given.source.clone().unwrap_or(recorded);
        if let (None, Source::Path(path)) = (&given.source, &source)
            && !path.exists()
        {
            return Err(DatasetError::RecordedPlaceGone {
                place: path.clone(),
                record: run.origin(),
                flag: "--dataset PATH",
            }
            .into());
        }
        let (trained_on, classes) = (&self.contract.training.dataset, &self.contract.classes);
        let opened = dataset::open_again(&source, &options, trained_on, classes)?;
        say_notes(&opened);
        let expected = &trained_on.sha256;
        if opened.sha256 != *expected {
            let reason = format!(
                "the data set's sha256 is {}, expected {expected}",
                opened.sha256
            );
            return Err(cannot_resume(run, reason).into());
        }
        self.origin = Origin::new(&source, &options, run.path())?;
        let preprocessing = &self.contract.preprocessing;
        let data = TrainingData::new(&opened, &recipe, preprocessing.mean, preprocessing.std)?;
        let config = config(&recipe, data.classes.len(), self.family)?;
        Ok(Prepared {
            recipe,
            data,
            config,
            contract: self.contract.clone(),
            features: options.data_dir.join("features"),
            recipe_name: self.recipe.clone(),
            chosen: None,
            statistics: Statistics::Trained,
        })
    }

    /// The data set and its place, as they were when the run was last trained.
    pub fn data(&self) -> (Source, OpenOptions) {
        (self.origin.source(), self.origin.options())
    }

    /// What the exported model says of itself.
    pub fn contract(&self) -> &Contract {
        &self.contract
    }

    /// The recipe as it was named, and the keys of the values that were given beside it.
    pub fn recipe_in_words(&self) -> (Option<&str>, &[String]) {
        (self.recipe.as_deref(), &self.changed)
    }
}

/// The recipe's key that a run's end hangs on.
const EPOCHS: &str = "epochs";

fn recipe_sha256(recipe: &Recipe) -> String {
    sha256_hex(recipe.to_toml().as_bytes())
}

fn cannot_resume(run: &RunFolder, reason: String) -> TrainError {
    TrainError::CannotResume {
        path: run.path().to_owned(),
        reason,
    }
}
