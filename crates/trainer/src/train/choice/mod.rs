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
#[derive(Debug, Clone, PartialEq)]
pub struct Choice {
    /// Its file.
    pub path: PathBuf,
    /// What the file holds.
    pub checkpoint: Checkpoint,
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
    let head = job.run.head_checkpoint();
    let alone = head.exists().then(|| Checkpoint::load(&head)).transpose()?;
    let mut tuned = Candidate::of(job, alone.as_ref())?;
    let (tuned_wins, said) = match &alone {
        None => (true, None),
        Some(alone) if !tuned.is_tuned() => {
            let share = percent(alone.val_top1().unwrap_or_default());
            let said = format!(
                "the last layer alone, {share} of the validation images: no epoch was better"
            );
            (true, (history.epochs.len() > 1).then_some(said))
        }
        Some(alone) => {
            let (wins, figures) = match job.data.val.len() {
                ..FEW_IMAGES => image_by_image(job, alone, &mut tuned)?,
                images => by_monitor(job.recipe.monitor, images, alone, &tuned),
            };
            let name = &tuned.name;
            let said = match wins {
                true => format!("{name}: {figures}"),
                false => format!("the last layer alone: {name} is no better ({figures})"),
            };
            (wins, Some(said))
        }
    };
    let (path, checkpoint) = match alone {
        Some(alone) if !tuned_wins => (head, alone),
        _ => (tuned.path, tuned.checkpoint),
    };
    Ok(Choice {
        path,
        checkpoint,
        said,
    })
}

fn image_by_image(
    job: &Job<'_>,
    alone: &Checkpoint,
    tuned: &mut Candidate,
) -> Result<(bool, String), TrainError> {
    let measured = match tuned.measured.take() {
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
