//! `trainer recipes`: the recipes that come with the program.

use std::process::ExitCode;

use clap::Args;
use trainer::{
    TrainError,
    train::{Amount, BuiltIn},
};

use super::output::print;

#[derive(Debug, Args)]
pub struct RecipesArguments {
    /// Print this recipe with every value resolved, ready to be edited
    name: Option<String>,
}

pub fn run(arguments: &RecipesArguments) -> anyhow::Result<ExitCode> {
    let text = match &arguments.name {
        Some(name) => named(name)?.recipe(Amount::EXAMPLE)?.to_toml(),
        None => {
            let recipes = BuiltIn::ALL.iter().map(|recipe| described(*recipe));
            recipes.collect::<Result<String, _>>()?
        }
    };
    print(text)?;
    Ok(ExitCode::SUCCESS)
}

fn named(name: &str) -> Result<BuiltIn, TrainError> {
    BuiltIn::named(name).ok_or_else(|| TrainError::Recipe {
        name: name.to_owned(),
        reason: format!(
            "no built-in recipe of that name, there are: {}",
            BuiltIn::ALL.map(BuiltIn::name).join(", ")
        ),
    })
}

/// Name and text; of a recipe whose values depend on the data, those for an example.
fn described(recipe: BuiltIn) -> Result<String, TrainError> {
    let name = recipe.name();
    Ok(match recipe.text() {
        Some(text) => format!("[{name}]\n{text}\n"),
        None => {
            let Amount { images, classes } = Amount::EXAMPLE;
            let values = recipe.recipe(Amount::EXAMPLE)?.to_toml();
            format!(
                "[{name}]\n# For a folder of photos. The values depend on how many there are; these are for\n# {images} training images of {classes} classes, and `trainer fit --dry-run --dataset PATH` prints\n# those for yours.\n{values}\n"
            )
        }
    })
}
