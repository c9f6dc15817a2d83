//! `trainer data fetch`: data sets that are downloaded.

use std::{path::PathBuf, process::ExitCode};

use clap::Subcommand;
use dataset::cifar100;

use crate::cli::output::print;

#[derive(Debug, Subcommand)]
pub enum FetchDataset {
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

pub fn run(dataset: &FetchDataset) -> anyhow::Result<ExitCode> {
    let FetchDataset::Cifar100 {
        url,
        data_dir,
        quiet,
    } = dataset;
    let folder = cifar100::fetch(url, data_dir, !quiet)?;
    print(folder.display().to_string())?;
    Ok(ExitCode::SUCCESS)
}
