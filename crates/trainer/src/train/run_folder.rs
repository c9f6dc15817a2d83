//! The folder that a run leaves behind.

use std::{
    fs,
    io::ErrorKind,
    path::{Path, PathBuf},
};

use metrics::Evaluation;

use super::{History, Monitor, Progress, Recipe, Speed};
use crate::{checkpoint::Checkpoint, error::TrainError};

const RECIPE: &str = "recipe.toml";
const SPEED: &str = "speed.csv";
const ORIGIN: &str = "run.json";
const TEST: &str = "test.json";

/// A run's folder: `recipe.toml`, `run.json`, `train.log`, `history.{csv,json}`,
/// `speed.csv`, `{loss,accuracy,learning_rate}.{png,svg}`, TensorBoard's `events.*`,
/// `checkpoints/{best,head,last,state}.safetensors`, `model.onnx`, `test.json` and `report.html`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunFolder {
    path: PathBuf,
}

impl RunFolder {
    /// Creates the folder at `path`, which must not exist or be empty.
    ///
    /// # Errors
    /// The folder holds something, or cannot be created or written to.
    pub fn create(path: &Path) -> Result<Self, TrainError> {
        if fs::read_dir(path).is_ok_and(|mut entries| entries.next().is_some()) {
            return Err(TrainError::RunFolderExists {
                path: path.to_owned(),
            });
        }
        let run = Self::at(path);
        fs::create_dir_all(path).map_err(TrainError::io("create", path))?;
        // Of two runs that start at the same time, one creates this.
        let checkpoints = run.checkpoints();
        match fs::create_dir(&checkpoints) {
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {
                Err(TrainError::RunFolderExists {
                    path: path.to_owned(),
                })
            }
            created => created
                .map(|()| run)
                .map_err(TrainError::io("create", checkpoints)),
        }
    }

    /// The folder at `path`, whatever is in it.
    pub fn at(path: &Path) -> Self {
        Self {
            path: path.to_owned(),
        }
    }

    /// The folder of a run that exists.
    ///
    /// # Errors
    /// There is no state of a run in it.
    pub fn open(path: &Path) -> Result<Self, TrainError> {
        let run = Self::at(path);
        if run.state().is_file() {
            return Ok(run);
        }
        let reason = match run.recipe().is_file() {
            true => "it ended before its first state was written",
            false => "it is not the folder of a run",
        };
        Err(TrainError::CannotResume {
            path: path.to_owned(),
            reason: reason.to_owned(),
        })
    }

    /// Removes the folder of a run that ended before it had a checkpoint, so
    /// that the next one may have it. A folder with anything more stays. Returns
    /// whether it is gone.
    pub fn remove_if_nothing_was_learnt(&self) -> bool {
        // A state that cannot be read may be one of many epochs.
        let learnt = self.state().exists()
            && !Progress::load(&self.state()).is_ok_and(|progress| progress.updates == 0);
        if learnt || self.best_checkpoint().exists() || self.last_checkpoint().exists() {
            return false;
        }
        let _ = fs::remove_file(self.state());
        if fs::remove_dir(self.checkpoints()).is_ok() {
            // What is not removed is only in the way of the next run, which says so.
            let _ = fs::remove_file(self.recipe());
            let _ = fs::remove_file(self.origin());
            let _ = fs::remove_file(self.log());
            remove_those(&self.path, |name| {
                name.starts_with(tensorboard::FILE_PREFIX)
            });
            let _ = fs::remove_dir(&self.path);
        }
        !self.path.exists()
    }

    fn checkpoints(&self) -> PathBuf {
        self.path.join("checkpoints")
    }

    /// Creates the first of `runs/name`, `runs/name-2`, … that is free.
    ///
    /// # Errors
    /// As [`create`](Self::create).
    pub fn create_next(runs: &Path, name: &str) -> Result<Self, TrainError> {
        let mut path = runs.join(name);
        for number in 2.. {
            match Self::create(&path) {
                Err(TrainError::RunFolderExists { .. }) => {
                    path = runs.join(format!("{name}-{number}"));
                }
                created => return created,
            }
        }
        unreachable!("the numbers do not end")
    }

    /// Keeps other processes from training in this folder until the file is
    /// dropped, or the process ends. It is that of the recipe: if the recipe is
    /// replaced, lock again.
    ///
    /// # Errors
    /// Another process does, or there is no recipe.
    pub fn lock(&self) -> Result<fs::File, TrainError> {
        let file = fs::File::open(self.recipe()).map_err(|error| TrainError::CannotResume {
            path: self.path.clone(),
            reason: format!("its recipe.toml cannot be read: {error}"),
        })?;
        if let Err(fs::TryLockError::WouldBlock) = file.try_lock() {
            return Err(TrainError::RunInUse {
                path: self.path.clone(),
            });
        }
        // Some network disks have no locks: then nothing guards.
        // What a process that was killed had not finished writing.
        for folder in [&self.path, &self.checkpoints()] {
            remove_those(folder, |name| name.starts_with(".tmp"));
        }
        Ok(file)
    }

    /// Whether a process trains in this folder.
    pub fn is_in_use(&self) -> bool {
        fs::File::open(self.recipe())
            .is_ok_and(|file| matches!(file.try_lock_shared(), Err(fs::TryLockError::WouldBlock)))
    }

    /// The folder.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Checkpoint of the best epoch, by the recipe's `monitor`.
    pub fn best_checkpoint(&self) -> PathBuf {
        self.path.join("checkpoints/best.safetensors")
    }

    /// Checkpoint of the last layer trained alone, where other layers learn after it.
    pub fn head_checkpoint(&self) -> PathBuf {
        self.path.join("checkpoints/head.safetensors")
    }

    /// Checkpoint of the last epoch averaged with the last layer alone, where the recipe's
    /// `select` asks for it.
    pub fn averaged_checkpoint(&self) -> PathBuf {
        self.path.join("checkpoints/averaged.safetensors")
    }

    /// Checkpoint of the newest epoch.
    pub fn last_checkpoint(&self) -> PathBuf {
        self.path.join("checkpoints/last.safetensors")
    }

    /// The resolved recipe.
    pub fn recipe(&self) -> PathBuf {
        self.path.join(RECIPE)
    }

    /// Where the run's data came from.
    pub fn origin(&self) -> PathBuf {
        self.path.join(ORIGIN)
    }

    /// The checkpoint that is exported: the best, unless an interrupted epoch,
    /// which is kept as the last, is better or the only one.
    ///
    /// # Errors
    /// There is none that can be read.
    pub fn best_or_last(&self, monitor: Monitor) -> Result<PathBuf, TrainError> {
        let (best, last) = (self.best_checkpoint(), self.last_checkpoint());
        if !best.exists() {
            return Ok(last);
        }
        let figure = |path: &Path| -> Result<Option<f64>, TrainError> {
            let metrics = Checkpoint::load(path)?.contract.training.metrics;
            Ok(metrics.get(monitor.name()).copied())
        };
        Ok(match (figure(&last)?, figure(&best)?) {
            (Some(newest), Some(highest)) if monitor.is_better(newest, highest) => last,
            _ => best,
        })
    }

    /// The best checkpoint, which is what a run that is over has exported; of a run that was
    /// interrupted in its first epoch, the last.
    ///
    /// # Errors
    /// There is neither.
    pub fn any_checkpoint(&self) -> Result<PathBuf, TrainError> {
        let files = [self.best_checkpoint(), self.last_checkpoint()];
        let found = files.into_iter().find(|file| file.is_file());
        found.ok_or_else(|| TrainError::NoCheckpoint {
            path: self.path.clone(),
        })
    }

    /// What a run needs to go on.
    pub fn state(&self) -> PathBuf {
        self.path.join("checkpoints/state.safetensors")
    }

    /// What was said of the run, line by line.
    pub fn log(&self) -> PathBuf {
        self.path.join("train.log")
    }

    /// The exported model.
    pub fn model(&self) -> PathBuf {
        self.path.join("model.onnx")
    }

    /// The page about the exported model, for a browser.
    pub fn report(&self) -> PathBuf {
        self.path.join("report.html")
    }

    /// Writes the resolved recipe.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn write_recipe(&self, recipe: &Recipe) -> Result<(), TrainError> {
        self.write(RECIPE, recipe.to_toml().as_bytes())
    }

    /// Writes where the run came from, as JSON.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn write_origin(&self, json: &[u8]) -> Result<(), TrainError> {
        self.write(ORIGIN, json)
    }

    /// Writes the newest epoch's checkpoint, and again as the best if it is that.
    ///
    /// # Errors
    /// A file cannot be written; the ones before stay as they were.
    pub fn write_checkpoint(
        &self,
        checkpoint: &Checkpoint,
        is_best: bool,
    ) -> Result<(), TrainError> {
        checkpoint.save(&self.last_checkpoint())?;
        if is_best {
            checkpoint.save(&self.best_checkpoint())?;
        }
        Ok(())
    }

    /// Writes the history as CSV, JSON and plots.
    ///
    /// # Errors
    /// A file cannot be written.
    pub fn write_history(&self, history: &History) -> Result<(), TrainError> {
        self.write("history.csv", history.to_csv().as_bytes())?;
        let json = serde_json::to_vec_pretty(history).unwrap_or_default();
        self.write("history.json", &json)?;
        let loss = history.curves(|epoch| epoch.train_loss, |epoch| epoch.val_loss);
        report::write_curves(&self.path.join("loss"), "Loss", "cross-entropy", &loss)?;
        let accuracy = history.curves(|epoch| epoch.train_top1, |epoch| epoch.val_top1);
        report::write_curves(
            &self.path.join("accuracy"),
            "Top-1 accuracy",
            "share of images",
            &accuracy,
        )?;
        Ok(())
    }

    /// Plots the learning rate, `points` = `(step, rate)`.
    ///
    /// # Errors
    /// A file cannot be written.
    pub fn write_learning_rate(&self, points: &[(f64, f64)]) -> Result<(), TrainError> {
        let path = self.path.join("learning_rate");
        Ok(report::write_learning_rate(&path, "Learning rate", points)?)
    }

    /// What the exported model of a finished run scores on the test split.
    pub fn test(&self) -> PathBuf {
        self.path.join(TEST)
    }

    /// Removes what the model scored, and the page about it, of a run that is finished no
    /// more.
    ///
    /// # Errors
    /// A file is there and cannot be removed.
    pub fn remove_scores(&self) -> Result<(), TrainError> {
        for path in [self.test(), self.report()] {
            match fs::remove_file(&path) {
                Err(error) if error.kind() != ErrorKind::NotFound => {
                    return Err(TrainError::io("remove", path)(error));
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// Writes what the exported model scores on the test split.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn write_test(&self, evaluation: &Evaluation) -> Result<(), TrainError> {
        let json = serde_json::to_vec_pretty(evaluation).unwrap_or_default();
        self.write(TEST, &json)
    }

    /// Adds a line to `speed.csv`.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn add_speed(&self, speed: &Speed) -> Result<(), TrainError> {
        let before = fs::read_to_string(self.path.join(SPEED)).unwrap_or_default();
        // An epoch that was done again after a crash has the newer line.
        let again = format!("{},", speed.epoch);
        let before: String = std::iter::once("epoch,images_per_second,seconds")
            .chain(
                before
                    .lines()
                    .skip(1)
                    .filter(|line| !line.starts_with(&again)),
            )
            .map(|line| format!("{line}\n"))
            .collect();
        let Speed {
            epoch,
            images_per_second,
            seconds,
        } = speed;
        let line = format!("{epoch},{images_per_second:.2},{seconds:.2}\n");
        self.write(SPEED, (before + &line).as_bytes())
    }

    fn write(&self, name: &str, bytes: &[u8]) -> Result<(), TrainError> {
        let path = self.path.join(name);
        contract::fs::write_atomically(&path, bytes).map_err(TrainError::io("write", &path))
    }
}

/// Removes the files of `folder` that have such names.
fn remove_those(folder: &Path, has_name: impl Fn(&str) -> bool) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        if entry.file_name().to_str().is_some_and(&has_name) {
            // One that stays is in nobody's way but the disk's.
            let _ = fs::remove_file(entry.path());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_used_folder_is_refused_and_the_next_number_taken() {
        let runs = tempfile::tempdir().unwrap();
        let first = RunFolder::create_next(runs.path(), "digits").unwrap();
        let second = RunFolder::create_next(runs.path(), "digits").unwrap();
        assert_eq!(first.path(), runs.path().join("digits"));
        assert_eq!(second.path(), runs.path().join("digits-2"));
        let error = RunFolder::create(first.path()).unwrap_err();
        assert!(error.hint().unwrap().contains("--out"));
    }

    #[test]
    fn only_a_folder_without_checkpoints_is_removed() {
        let runs = tempfile::tempdir().unwrap();
        let run = RunFolder::create_next(runs.path(), "digits").unwrap();
        run.write_recipe(&Recipe::default()).unwrap();
        fs::write(run.best_checkpoint(), "x").unwrap();
        assert!(!run.remove_if_nothing_was_learnt());
        assert!(run.best_checkpoint().exists());
        fs::remove_file(run.best_checkpoint()).unwrap();
        fs::write(run.state(), "a state that cannot be read").unwrap();
        assert!(!run.remove_if_nothing_was_learnt());
        assert!(run.state().exists());
        fs::remove_file(run.state()).unwrap();
        fs::write(run.log(), "x").unwrap();
        let events = format!("{}1.host", tensorboard::FILE_PREFIX);
        fs::write(run.path().join(events), "x").unwrap();
        assert!(run.remove_if_nothing_was_learnt());
        assert!(!run.path().exists());
    }

    #[test]
    fn one_process_trains_in_a_folder() {
        let runs = tempfile::tempdir().unwrap();
        let run = RunFolder::create_next(runs.path(), "digits").unwrap();
        run.write_recipe(&Recipe::default()).unwrap();
        let lock = run.lock().unwrap();
        let error = run.lock().unwrap_err();
        assert!(error.to_string().contains("another process"), "{error}");
        drop(lock);
        run.lock().unwrap();
    }

    #[test]
    fn what_a_killed_process_left_half_written_goes_and_what_a_living_one_writes_stays() {
        let runs = tempfile::tempdir().unwrap();
        let run = RunFolder::create_next(runs.path(), "digits").unwrap();
        run.write_recipe(&Recipe::default()).unwrap();
        assert!(!run.is_in_use());
        let living = run.lock().unwrap();
        let half = run.checkpoints().join(".tmpAb12Cd");
        for file in [&half, &run.state(), &run.best_checkpoint()] {
            fs::write(file, "x").unwrap();
        }
        let other = RunFolder::open(run.path()).unwrap();
        assert!(other.lock().is_err() && other.is_in_use());
        assert!(half.exists());
        drop(living);
        let _lock = other.lock().unwrap();
        assert!(!half.exists());
        assert!(run.state().exists() && run.best_checkpoint().exists());
    }

    #[test]
    fn the_best_checkpoint_goes_before_the_last() {
        let runs = tempfile::tempdir().unwrap();
        let run = RunFolder::create_next(runs.path(), "digits").unwrap();
        let error = run.any_checkpoint().unwrap_err();
        assert!(error.to_string().contains("has no checkpoint"), "{error}");
        fs::write(run.last_checkpoint(), "x").unwrap();
        assert_eq!(run.any_checkpoint().unwrap(), run.last_checkpoint());
        fs::write(run.best_checkpoint(), "x").unwrap();
        assert_eq!(run.any_checkpoint().unwrap(), run.best_checkpoint());
    }

    #[test]
    fn an_epoch_has_one_speed() {
        let runs = tempfile::tempdir().unwrap();
        let run = RunFolder::create_next(runs.path(), "digits").unwrap();
        for (epoch, images_per_second) in [(1, 10.0), (2, 20.0), (11, 5.0), (1, 30.0)] {
            let speed = Speed {
                epoch,
                images_per_second,
                seconds: 1.5,
            };
            run.add_speed(&speed).unwrap();
        }
        let csv = fs::read_to_string(run.path().join(SPEED)).unwrap();
        assert_eq!(
            csv,
            "epoch,images_per_second,seconds\n2,20.00,1.50\n11,5.00,1.50\n1,30.00,1.50\n"
        );
    }

    #[test]
    fn a_file_in_the_way_is_named() {
        let runs = tempfile::tempdir().unwrap();
        let file = runs.path().join("file");
        fs::write(&file, "x").unwrap();
        let error = RunFolder::create(&file.join("run")).unwrap_err();
        assert!(error.to_string().contains("file"), "{error}");
    }
}
