//! What is about to happen, in a few lines.

use trainer::{device::DeviceKind, train::Job};

pub(super) fn introduction(job: &Job<'_>, device: DeviceKind) -> String {
    let info = &job.data.info;
    let weights = match &job.contract.training.weights {
        Some(weights) => format!(
            "{} (sha256 {})",
            weights.source,
            weights.sha256.get(..12).unwrap_or_default()
        ),
        None => "none, from scratch".to_owned(),
    };
    format!(
        "run      {}\nmodel    {}, {} trainable parameters, {} px, {:?} padding\nweights  {weights}\ndata     {}: {} train, {} validation, {} test images, {} classes (sha256 {})\ndevice   {device}",
        job.run.path().display(),
        job.config.name,
        job.contract.parameters,
        job.recipe.image_size,
        job.config.family.padding,
        info.name,
        info.train,
        info.val,
        info.test,
        job.data.classes.len(),
        info.sha256.get(..12).unwrap_or_default(),
    )
}
