//! `trainer fit --resume`: a run goes on where it was, with more epochs if it is told so.

use std::{ffi::OsString, fs::File, path::Path};

use commands::{quoted, quoted_path};
use dataset::{OpenOptions, Source};
use trainer::{
    TrainError,
    train::{Recipe, RunFolder, Start, TrainingState},
};

use super::{FitArguments, saved_run::SavedRun};
use crate::cli::prepared::Prepared;

/// The run in `folder` where it was, and the lock on it.
///
/// # Errors
/// The run cannot go on, its data is gone, or another process trains it.
pub(super) fn resumed(
    arguments: &FitArguments,
    folder: &Path,
) -> anyhow::Result<(Prepared, Start, RunFolder, File)> {
    let run = RunFolder::open(folder)?;
    let mut lock = run.lock()?;
    let found = SavedRun::load(&run)?;
    let (mut saved, kept) = found.clone().with_recipe(&run)?;
    let mut state = TrainingState::load(&run.state())?;
    let recipe = match arguments.start.recipe.epochs() {
        Some(epochs) => with_epochs(&kept, epochs, &state, &run)?,
        None => kept.clone(),
    };
    let given = arguments.start.dataset.given();
    let mut prepared = saved.prepare(recipe, &run, &given)?;
    // Nothing can be wrong any more: from here on files change.
    if prepared.recipe != kept {
        lock = saved.replace_recipe(&prepared.recipe, &run)?;
    } else if saved != found {
        saved.save(&run)?;
    }
    prepared.contract = saved.contract().clone();
    if arguments.start.recipe.epochs().is_some() {
        reopen(&mut state, &prepared.recipe, &run)?;
    }
    Ok((prepared, Start::Resumed(Box::new(state)), run, lock))
}

/// The recipe of a run that is to have so many epochs.
fn with_epochs(
    kept: &Recipe,
    epochs: usize,
    state: &TrainingState,
    run: &RunFolder,
) -> Result<Recipe, TrainError> {
    let done = state.progress.epochs_done();
    if epochs < done {
        return Err(TrainError::EpochsDone {
            path: run.path().to_owned(),
            done,
            asked: epochs,
        });
    }
    let recipe = Recipe {
        epochs,
        ..kept.clone()
    };
    recipe.validate()?;
    Ok(recipe)
}

/// Lets a run that has ended, early perhaps, go on if epochs are left.
fn reopen(state: &mut TrainingState, recipe: &Recipe, run: &RunFolder) -> Result<(), TrainError> {
    if state.progress.epochs_done() >= recipe.epochs {
        return Ok(());
    }
    let before = state.progress.epoch;
    state.progress.reopen();
    if state.progress.epoch != before {
        state.save(&run.state())?;
    }
    run.remove_scores()
}

/// What was typed beside `--resume` that a run cannot change, and the command that
/// does it with a new run; `None` if nothing was.
pub(super) fn refusal(arguments: &FitArguments, folder: &Path) -> Option<(String, String)> {
    let start = &arguments.start;
    let keys = start.recipe.given_keys().into_iter();
    let mut flags: Vec<String> = keys
        .filter(|key| *key != "epochs")
        .map(|key| format!("--{}", key.replace('_', "-")))
        .collect();
    for (flag, is_given) in [
        ("--recipe", start.recipe.recipe.is_some()),
        ("--out", arguments.out.is_some()),
        ("--weights-family", start.weights_family.is_some()),
        ("--test-fraction", start.test_fraction.is_some()),
    ] {
        if is_given {
            flags.push(flag.to_owned());
        }
    }
    if flags.is_empty() {
        return None;
    }
    let command = new_run(arguments, folder, std::env::args_os().skip(2));
    Some((
        format!("{} cannot be changed by --resume", flags.join(", ")),
        format!("`{command}` starts a new run from its best checkpoint"),
    ))
}

/// The command that starts from the run's network with what was `typed` after `trainer fit`.
fn new_run(
    arguments: &FitArguments,
    folder: &Path,
    typed: impl Iterator<Item = OsString>,
) -> String {
    let start = &arguments.start;
    let mut command = "trainer fit".to_owned();
    if !start.recipe.given_keys().contains(&"weights") {
        command += &format!(" --weights {}", quoted_path(folder));
    }
    let run = RunFolder::at(folder);
    if start.recipe.recipe.is_none() {
        command += &format!(" --recipe {}", quoted_path(run.recipe()));
    }
    if let (None, Ok(saved)) = (&start.dataset.dataset, SavedRun::load(&run)) {
        command += &dataset_flags(saved.data(), arguments);
    }
    let mut typed = typed;
    while let Some(word) = typed.next() {
        let text = word.to_string_lossy();
        if text == "--resume" {
            typed.next();
        } else if !text.starts_with("--resume=") {
            command.push(' ');
            command += &quoted(&word);
        }
    }
    command
}

/// The data set of a run as flags.
fn dataset_flags((source, options): (Source, OpenOptions), arguments: &FitArguments) -> String {
    let mut flags = format!(" --dataset {}", quoted_path(source.to_string()));
    let given = &arguments.start.dataset;
    if source != Source::Cifar100 || given.data_path.is_some() || given.data_dir.is_some() {
        return flags;
    }
    flags += &match options.local {
        Some(path) => format!(" --data-path {}", quoted_path(path)),
        None => format!(" --data-dir {}", quoted_path(options.data_dir)),
    };
    flags
}
