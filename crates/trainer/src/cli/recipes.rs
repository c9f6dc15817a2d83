//! `trainer recipes`: the recipes that come with the program.

use std::{
    io::{ErrorKind, Write},
    process::ExitCode,
};

use clap::Args;
use trainer::{
    TrainError,
    train::{BUILT_IN, Recipe},
};

#[derive(Debug, Args)]
pub struct RecipesArguments {
    /// Print this recipe with every value resolved, ready to be edited
    name: Option<String>,
}

pub fn run(arguments: &RecipesArguments) -> anyhow::Result<ExitCode> {
    let text = match &arguments.name {
        Some(name) if BUILT_IN.iter().any(|(built_in, _)| built_in == name) => {
            Recipe::load(name)?.to_toml()
        }
        Some(name) => {
            let names: Vec<&str> = BUILT_IN.iter().map(|(name, _)| *name).collect();
            return Err(TrainError::Recipe {
                name: name.clone(),
                reason: format!(
                    "no built-in recipe of that name, there are: {}",
                    names.join(", ")
                ),
            }
            .into());
        }
        None => BUILT_IN
            .iter()
            .map(|(name, text)| format!("[{name}]\n{text}\n"))
            .collect(),
    };
    match std::io::stdout().write_all(text.as_bytes()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => Err(error.into()),
        _ => Ok(ExitCode::SUCCESS),
    }
}
