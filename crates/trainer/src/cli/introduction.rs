//! What is about to happen, in a few lines.

use trainer::device::OpenedDevices;

use super::prepared::Prepared;

pub fn introduction(prepared: &Prepared, opened: &OpenedDevices) -> String {
    let info = &prepared.data.info;
    let weights = match &prepared.contract.training.weights {
        Some(weights) => format!(
            "{} (sha256 {})",
            weights.source,
            weights.sha256.get(..12).unwrap_or_default()
        ),
        None => "none, from scratch".to_owned(),
    };
    format!(
        "model    {}, {} parameters, {} px, {:?} padding\nweights  {weights}\ndata     {}: {} train, {} validation, {} test images, {} classes (sha256 {})\ndevice   {opened}",
        prepared.config.name,
        prepared.contract.parameters,
        prepared.recipe.image_size,
        prepared.config.family.padding,
        info.name,
        info.train,
        info.val,
        info.test,
        prepared.data.classes.len(),
        info.sha256.get(..12).unwrap_or_default(),
    )
}
