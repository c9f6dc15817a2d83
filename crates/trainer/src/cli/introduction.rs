//! What is about to happen, in a few lines.

use trainer::{
    device::OpenedDevices,
    train::{ClassBalance, PrecisionKind},
};

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
    let recipe = match &prepared.chosen {
        Some(chosen) => format!("recipe   {chosen}\n"),
        None => String::new(),
    };
    let size = match prepared.recipe.train_image_size() {
        size if size == prepared.recipe.image_size => String::new(),
        size => format!(" ({size} px in training)"),
    };
    let precision = match (prepared.recipe.precision, opened.name.as_str()) {
        (PrecisionKind::Fp32, _) => "",
        (PrecisionKind::Bf16, "cpu") => {
            "\ncompute  bf16, which the processor is slower in than in fp32"
        }
        (PrecisionKind::Bf16, _) => "\ncompute  bf16 convolutions, the rest fp32",
    };
    let balance = ClassBalance::new(&prepared.data.classes, &prepared.data.train.labels());
    let balance = match balance.describe(&prepared.recipe) {
        Some(lines) => format!("\n{lines}"),
        None => String::new(),
    };
    format!(
        "{recipe}model    {}, {} parameters, {} px{size}, {:?} padding\nweights  {weights}\ndata     {}: {} train, {} validation, {} test images, {} classes (sha256 {})\ndevice   {opened}{precision}{balance}",
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
