//! `trainer data`: fetch and check data sets.

mod check;
mod fetch;

use std::process::ExitCode;

use clap::{Args, Subcommand};

#[derive(Debug, Args)]
pub struct DataArguments {
    #[command(subcommand)]
    command: DataCommand,
}

#[derive(Debug, Subcommand)]
enum DataCommand {
    /// Download a data set; a broken download goes on where it stopped
    Fetch {
        #[command(subcommand)]
        dataset: fetch::FetchDataset,
    },
    /// Look at every picture of a data set: counts, files that cannot be decoded, copies
    Check(check::CheckArguments),
}

pub fn run(arguments: &DataArguments) -> anyhow::Result<ExitCode> {
    match &arguments.command {
        DataCommand::Fetch { dataset } => fetch::run(dataset),
        DataCommand::Check(arguments) => check::run(arguments),
    }
}
