//! `trainer data check`: everything that is odd about a data set, at once.

mod findings;
mod page;
mod suspects;
mod text;

use std::{
    path::{Path, PathBuf},
    process::ExitCode,
};

use clap::Args;
use dataset::{OpenOptions, Source};

use crate::cli::{
    locations::{ModelsArguments, RuntimeArguments},
    note::note,
    output::print,
};
use findings::Findings;

#[derive(Debug, Args)]
pub struct CheckArguments {
    /// Data set: a folder with one folder a class, an archive of one, a table of files and
    /// labels, `digits` or `cifar100`
    #[arg(value_name = "PATH|NAME")]
    dataset: Source,
    /// Folder that data sets and features are kept in
    #[arg(long, value_name = "DIR", default_value = "data")]
    data_dir: PathBuf,
    /// Do without the pretrained network: no near copies, suspect labels and odd pictures
    #[arg(long)]
    quick: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
    /// Write a page with the pictures
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,
    #[command(flatten)]
    models: ModelsArguments,
    #[command(flatten)]
    runtime: RuntimeArguments,
}

impl CheckArguments {
    fn runtime(&self) -> Option<&Path> {
        self.runtime.runtime.as_deref()
    }
}

/// Exits with 1 where something needs a person: a picture that cannot be decoded, or copies in
/// two classes or two splits. What a network finds are doubts, and leave the code as it is.
pub fn run(arguments: &CheckArguments) -> anyhow::Result<ExitCode> {
    let options = OpenOptions {
        data_dir: arguments.data_dir.clone(),
        ..OpenOptions::default()
    };
    let dataset = dataset::open(&arguments.dataset, &options)?;
    let findings = Findings::of(dataset, arguments)?;
    if let Some(path) = &arguments.html {
        page::write(&findings, path)?;
        note(format_args!("wrote {}", path.display()));
    }
    print(match arguments.json {
        true => serde_json::to_string_pretty(&findings.to_json())?,
        false => findings.to_text(),
    })?;
    Ok(match findings.need_a_person() {
        true => ExitCode::FAILURE,
        false => ExitCode::SUCCESS,
    })
}
