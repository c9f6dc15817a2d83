//! What a run's folder says of the run.

use std::{
    fs,
    path::{Path, PathBuf},
    time::UNIX_EPOCH,
};

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use trainer::train::{EpochRecord, Monitor, Progress, Recipe, RunFolder};

use crate::cli::fit::saved_run::SavedRun;

/// A run, as the list shows it.
#[derive(Debug, Serialize)]
pub struct RunSummary {
    pub folder: PathBuf,
    /// Of the data set.
    pub data: Option<String>,
    /// Built-in name or file, if one was named.
    pub recipe: Option<String>,
    /// Values that were given beside the recipe.
    pub changed: Map<String, Value>,
    pub epochs_done: usize,
    pub epochs: Option<usize>,
    /// The epoch that is exported.
    pub best: Option<EpochRecord>,
    /// Figure that decided which epoch is the best.
    pub monitor: Option<Monitor>,
    /// Top-1 accuracy of the exported model on the test split.
    pub test_top1: Option<f64>,
    pub state: State,
    /// What is wrong with a damaged run.
    pub damage: Option<String>,
    /// When something was last written, in seconds since 1970.
    pub changed_unix: u64,
}

/// What a run is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// Trained, exported and scored.
    Finished,
    /// It can go on.
    Interrupted,
    /// A process trains it.
    Running,
    /// A file that it needs to go on is missing or cannot be read.
    Damaged,
}

impl RunSummary {
    /// Reads the run in `folder`; whatever cannot be read makes it a damaged one.
    pub fn read(folder: &Path) -> Self {
        let run = RunFolder::at(folder);
        let mut summary = Self {
            folder: folder.to_owned(),
            data: None,
            recipe: None,
            changed: Map::new(),
            epochs_done: 0,
            epochs: None,
            best: None,
            monitor: None,
            test_top1: test_top1(&run),
            state: State::Damaged,
            damage: None,
            changed_unix: changed_unix(&run),
        };
        match summary.fill(&run) {
            Ok(state) => summary.state = state,
            Err(reason) => summary.damage = Some(reason),
        }
        if run.is_in_use() {
            // One that has just begun has not written everything yet.
            (summary.state, summary.damage) = (State::Running, None);
        }
        summary
    }

    fn fill(&mut self, run: &RunFolder) -> Result<State, String> {
        let text = |error: trainer::TrainError| error.to_string();
        let saved = SavedRun::load(run).map_err(text)?;
        let trained_on = &saved.contract().training.dataset;
        self.data = Some(trained_on.name.clone());
        let has_test = trained_on.test > 0;
        let (saved, recipe) = saved.with_recipe(run).map_err(text)?;
        let (name, keys) = saved.recipe_in_words();
        self.recipe = name.map(str::to_owned);
        self.changed = values(&recipe, keys);
        self.epochs = Some(recipe.epochs);
        self.monitor = Some(recipe.monitor);
        let progress = Progress::load(&run.state()).map_err(text)?;
        self.epochs_done = progress.epochs_done();
        self.best = progress.history.best(recipe.monitor).cloned();
        let is_finished = progress.epoch > recipe.epochs
            && run.model().is_file()
            && (self.test_top1.is_some() || !has_test);
        Ok(match is_finished {
            true => State::Finished,
            false => State::Interrupted,
        })
    }
}

/// The values of `recipe` under `keys`.
fn values(recipe: &Recipe, keys: &[String]) -> Map<String, Value> {
    let recipe = serde_json::to_value(recipe).unwrap_or_default();
    keys.iter()
        .filter_map(|key| Some((key.clone(), recipe.get(key)?.clone())))
        .collect()
}

fn test_top1(run: &RunFolder) -> Option<f64> {
    #[derive(Deserialize)]
    struct Test {
        top1: f64,
    }
    let json = fs::read(run.test()).ok()?;
    Some(serde_json::from_slice::<Test>(&json).ok()?.top1)
}

/// When a file that a run writes all along was last written.
fn changed_unix(run: &RunFolder) -> u64 {
    let files = [run.log(), run.state(), run.path().to_owned()];
    let times = files.iter().filter_map(|file| {
        let changed = fs::metadata(file).ok()?.modified().ok()?;
        Some(changed.duration_since(UNIX_EPOCH).ok()?.as_secs())
    });
    times.max().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_damaged_run_says_what_is_wrong() {
        let runs = tempfile::tempdir().unwrap();
        let run = RunFolder::create_next(runs.path(), "digits").unwrap();
        let reason = |run: &RunFolder| {
            let summary = RunSummary::read(run.path());
            assert_eq!(summary.state, State::Damaged);
            summary.damage.unwrap()
        };
        assert!(reason(&run).contains("run.json"), "{}", reason(&run));
        run.write_origin(b"{ not JSON").unwrap();
        assert!(reason(&run).contains("run.json"), "{}", reason(&run));
        assert!(!reason(&run).contains('\n'));
        // One that has begun a moment ago looks the same, and is none.
        run.write_recipe(&Recipe::default()).unwrap();
        let _lock = run.lock().unwrap();
        assert_eq!(RunSummary::read(run.path()).state, State::Running);
    }
}
