//! `trainer fit --dry-run`: what a run would do and cost, and nothing else.

use std::fmt::Write;

use trainer::{
    device::OpenedDevices,
    model::EfficientNet,
    train::{Estimate, Recipe, estimate},
};

use crate::cli::{prepared::Prepared, progress::duration};

/// The resolved recipe as TOML, and what it costs on these devices in its comments:
/// the text can be edited and used as a recipe.
pub(super) fn report(
    prepared: &Prepared,
    network: &EfficientNet,
    opened: &OpenedDevices,
) -> anyhow::Result<String> {
    let recipe = &prepared.recipe;
    let learning = network
        .clone()
        .freeze_leading(recipe.freeze)
        .learning_parameters();
    let estimate = opened.run(|| estimate(recipe, &prepared.data, network, &opened.devices))?;
    let macs = prepared.config.multiply_accumulates(recipe.image_size);
    let mut text = recipe.to_toml();
    writeln!(
        text,
        "\n# parameters     {}, {learning} of them learn",
        prepared.contract.parameters
    )?;
    writeln!(
        text,
        "# computation    {:.1} million multiply-accumulates an image at {} px",
        macs as f64 / 1e6,
        recipe.image_size
    )?;
    text += &speeds(recipe, &estimate, prepared.data.train.len());
    writeln!(
        text,
        "# run            about {}, the check of the export left out",
        duration(estimate.seconds)
    )?;
    Ok(text)
}

fn speeds(recipe: &Recipe, estimate: &Estimate, train: usize) -> String {
    let mut text = String::new();
    if recipe.head_epochs > 0 {
        text += &format!(
            "# features       at most {}, for the last layer on its own\n",
            duration(estimate.features_seconds)
        );
    }
    for size in &estimate.sizes {
        let epochs = match size.epochs {
            1 => "1 epoch".to_owned(),
            epochs => format!("{epochs} epochs"),
        };
        text += &format!(
            "# training       {:.1} img/s at {} px: {epochs} of {}\n",
            size.images_per_second,
            size.size,
            duration(train as f64 / size.images_per_second)
        );
    }
    text + &format!(
        "# validation     {:.1} img/s at {} px\n",
        estimate.validation_images_per_second, recipe.image_size
    )
}
