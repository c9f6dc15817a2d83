//! Which checkpoint a run exports: the last layer alone, trained on cached features, is the
//! floor, and what fine-tuning made of the network has to beat it on the validation split.

mod paired;

use std::path::PathBuf;

use metrics::ImageScores;

use self::paired::Paired;
use super::{EpochRecord, History, Job, Loader, Monitor, Selection, validate::for_each_answer};
use crate::{checkpoint::Checkpoint, error::TrainError};

/// Validation images below which the figures of the whole split say too little: the two
/// networks are then compared image by image.
pub const FEW_IMAGES: usize = 200;

/// The checkpoint that is exported.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Choice {
    /// Its file.
    pub checkpoint: PathBuf,
    /// What was compared and which won, in one line; `None` where there was no choice.
    pub said: Option<String>,
}

/// Chooses the checkpoint of a run that is over.
///
/// The candidate is the epoch that the recipe's `select` names. It is compared with the last
/// layer alone, where that was trained first: by the recipe's `monitor` on [`FEW_IMAGES`] or
/// more, else image by image: it wins if it is right on no fewer images with a lower loss. A tie
/// goes to the last layer alone.
///
/// # Errors
/// There is no checkpoint that can be read, or a picture that cannot be decoded.
pub fn choose(job: &Job<'_>, history: &History) -> Result<Choice, TrainError> {
    let candidate = candidate(job)?;
    let checkpoint = Checkpoint::load(&candidate)?;
    let tuned = checkpoint.contract.training.epochs;
    let record = |epoch: usize| history.epochs.iter().rev().find(|r| r.epoch == epoch);
    let head = job.run.head_checkpoint();
    let (Some(alone), Some(tuned), true) = (record(0), record(tuned), head.exists()) else {
        return Ok(Choice {
            checkpoint: candidate,
            said: None,
        });
    };
    if tuned.epoch == 0 {
        let epochs = history.epochs.len() > 1;
        return Ok(Choice {
            checkpoint: candidate,
            said: epochs.then(|| {
                let share = percent(alone.val_top1);
                format!(
                    "the last layer alone, {share} of the validation images: no epoch was better"
                )
            }),
        });
    }
    let (tuned_wins, figures) = match job.data.val.len() {
        ..FEW_IMAGES => {
            let paired = Paired {
                alone: scores(job, Checkpoint::load(&head)?)?,
                tuned: scores(job, checkpoint)?,
                by_class: matches!(
                    job.recipe.monitor,
                    Monitor::ValMacroF1 | Monitor::ValBalancedAccuracy
                ),
            };
            (paired.tuned_wins(), paired.to_string())
        }
        images => by_monitor(job, images, alone, tuned),
    };
    let epoch = tuned.epoch;
    Ok(match tuned_wins {
        true => Choice {
            checkpoint: candidate,
            said: Some(format!("epoch {epoch}: {figures}")),
        },
        false => Choice {
            checkpoint: head,
            said: Some(format!(
                "the last layer alone: epoch {epoch} is no better ({figures})"
            )),
        },
    })
}

/// The epoch that stands for all that fine-tuning did.
fn candidate(job: &Job<'_>) -> Result<PathBuf, TrainError> {
    let (run, recipe) = (job.run, job.recipe);
    match recipe.select {
        Selection::Last if run.last_checkpoint().exists() => Ok(run.last_checkpoint()),
        Selection::Best | Selection::Last => run.best_or_last(recipe.monitor),
    }
}

fn by_monitor(
    job: &Job<'_>,
    images: usize,
    alone: &EpochRecord,
    tuned: &EpochRecord,
) -> (bool, String) {
    let monitor = job.recipe.monitor;
    let wins = monitor.is_better(tuned.monitored(monitor), alone.monitored(monitor));
    let figures = format!(
        "{} of {images} validation images, the last layer alone {}",
        percent(tuned.val_top1),
        percent(alone.val_top1)
    );
    (wins, figures)
}

fn percent(share: f64) -> String {
    format!("{:.2} %", 100.0 * share)
}

/// The scores that the network of `checkpoint` has on each validation image.
fn scores(job: &Job<'_>, checkpoint: Checkpoint) -> Result<Vec<ImageScores>, TrainError> {
    let network = job.config.init(job.device());
    let network = network.with_tensors(checkpoint.tensors)?;
    let loader = Loader::validation(job.data, job.recipe, job.device());
    let mut scores = Vec::with_capacity(job.data.val.len());
    for_each_answer(&network, &loader, job.device(), |logits, label| {
        scores.push(ImageScores::new(logits, label, 1.0));
    })?;
    Ok(scores)
}
