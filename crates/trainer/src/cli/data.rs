//! `trainer data`: fetch data sets.

use std::{path::PathBuf, process::ExitCode};

use clap::{Args, Subcommand};
use dataset::cifar100;

use super::output::print;

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
        dataset: FetchDataset,
    },
}

#[derive(Debug, Subcommand)]
enum FetchDataset {
    /// CIFAR-100: 60 000 images of 32x32 pixels, 100 classes (169 MB)
    Cifar100 {
        /// Address of the official binary archive or a mirror of it; no more than 1 GiB is taken
        #[arg(long, default_value = cifar100::OFFICIAL_URL)]
        url: String,
        /// Folder that data sets are kept in
        #[arg(long, value_name = "DIR", default_value = "data")]
        data_dir: PathBuf,
        /// No progress bar
        #[arg(short, long)]
        quiet: bool,
    },
}

pub fn run(arguments: &DataArguments) -> anyhow::Result<ExitCode> {
    let DataCommand::Fetch { dataset } = &arguments.command;
    let FetchDataset::Cifar100 {
        url,
        data_dir,
        quiet,
    } = dataset;
    let folder = cifar100::fetch(url, data_dir, !quiet)?;
    print(folder.display().to_string())?;
    Ok(ExitCode::SUCCESS)
}
