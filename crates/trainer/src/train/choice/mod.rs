//! Which checkpoint a run exports: the last layer alone, trained on cached features, is the
//! floor, and what fine-tuning made of the network has to beat it on the validation split.

mod candidate;
mod measured;
mod paired;

use std::path::PathBuf;

use self::{candidate::Candidate, measured::Measured, paired::Paired};
use super::{History, Job, Monitor};
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
/// The candidate is the network that the recipe's `select` names. It is compared with the last
/// layer alone, where that was trained first: by the recipe's `monitor` on [`FEW_IMAGES`] or
/// more, else by their mean loss, image by image. A tie goes to the last layer alone.
///
/// # Errors
/// There is no checkpoint that can be read, a picture that cannot be decoded, or an averaged
/// network that cannot be written.
pub fn choose(job: &Job<'_>, history: &History) -> Result<Choice, TrainError> {
    let tuned = Candidate::of(job, history)?;
    let alone = history.epochs.iter().find(|record| record.epoch == 0);
    let head = job.run.head_checkpoint();
    let (Some(alone), true) = (alone, head.exists()) else {
        return Ok(Choice {
            checkpoint: tuned.path,
            said: None,
        });
    };
    if tuned.checkpoint.contract.training.epochs == 0 {
        let epochs = history.epochs.len() > 1;
        return Ok(Choice {
            checkpoint: tuned.path,
            said: epochs.then(|| {
                let share = percent(alone.val_top1);
                format!(
                    "the last layer alone, {share} of the validation images: no epoch was better"
                )
            }),
        });
    }
    let path = tuned.path.clone();
    let name = tuned.name.clone();
    let head_checkpoint = Checkpoint::load(&head)?;
    let (tuned_wins, figures) = match job.data.val.len() {
        ..FEW_IMAGES => image_by_image(job, &head_checkpoint, tuned)?,
        images => by_monitor(job.recipe.monitor, images, &head_checkpoint, &tuned),
    };
    Ok(match tuned_wins {
        true => Choice {
            checkpoint: path,
            said: Some(format!("{name}: {figures}")),
        },
        false => Choice {
            checkpoint: head,
            said: Some(format!(
                "the last layer alone: {name} is no better ({figures})"
            )),
        },
    })
}

fn image_by_image(
    job: &Job<'_>,
    alone: &Checkpoint,
    tuned: Candidate,
) -> Result<(bool, String), TrainError> {
    let measured = match tuned.measured {
        Some(measured) => measured,
        None => Measured::of(job, &tuned.checkpoint.tensors)?,
    };
    let paired = Paired {
        alone: Measured::of(job, &alone.tensors)?.scores,
        tuned: measured.scores,
        by_class: matches!(
            job.recipe.monitor,
            Monitor::ValMacroF1 | Monitor::ValBalancedAccuracy
        ),
    };
    Ok((paired.tuned_wins(), paired.to_string()))
}

fn by_monitor(
    monitor: Monitor,
    images: usize,
    alone: &Checkpoint,
    tuned: &Candidate,
) -> (bool, String) {
    // An older version's checkpoint has not measured every figure.
    let figure = |checkpoint: &Checkpoint| {
        let metrics = &checkpoint.contract.training.metrics;
        metrics.get(monitor.name()).copied()
    };
    let wins = match (figure(&tuned.checkpoint), figure(alone)) {
        (Some(tuned), Some(alone)) => monitor.is_better(tuned, alone),
        (tuned, None) => tuned.is_some(),
        (None, Some(_)) => false,
    };
    let share = |checkpoint: &Checkpoint| percent(checkpoint.val_top1().unwrap_or_default());
    let figures = format!(
        "{} of {images} validation images, the last layer alone {}",
        share(&tuned.checkpoint),
        share(alone)
    );
    (wins, figures)
}

fn percent(share: f64) -> String {
    format!("{:.2} %", 100.0 * share)
}
