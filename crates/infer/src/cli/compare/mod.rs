//! `infer compare`: two models on the same images.

mod document;
mod text;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use infer::CompareOptions;

use super::classifier::ClassifierArgs;
use super::data::{self, DataArgs};
use super::{Failure, Verbosity, model, output, progress};
use document::Document;

/// Arguments of `infer compare`.
#[derive(Debug, Args)]
pub struct CompareArgs {
    /// ONNX file exported by `trainer`, or the folder of its run.
    #[arg(value_name = "A.onnx|RUN")]
    first: PathBuf,

    /// The ONNX file (or run) to compare it with; the same classes.
    #[arg(value_name = "B.onnx|RUN")]
    second: PathBuf,

    #[command(flatten)]
    data: DataArgs,

    #[command(flatten)]
    classifier: ClassifierArgs,

    /// Images a run [default: 64 on a GPU, on the CPU 1 to 16, fewer the
    /// larger the images that the network sees].
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    batch_size: Option<u16>,

    /// Compare on only N images, evenly spaced over the split.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    limit: Option<u32>,

    /// Write the images on which they differ there, as CSV.
    #[arg(long, value_name = "FILE")]
    differences: Option<PathBuf>,

    /// Print one JSON document instead of tables.
    #[arg(long)]
    json: bool,
}

/// Runs the command.
pub fn run(args: &CompareArgs, verbosity: Verbosity) -> Result<ExitCode, Failure> {
    if let Some(path) = &args.differences {
        output::check_folder_of(path)?;
    }
    let paths = [model::file(&args.first)?, model::file(&args.second)?];
    let paths = paths.each_ref().map(PathBuf::as_path);
    let first = args.classifier.open(paths[0], verbosity)?;
    let second = args.classifier.open(paths[1], verbosity)?;
    let data = data::open(
        &args.data.source,
        args.data.split,
        first.contract(),
        &paths,
        verbosity,
    )?;

    let options = CompareOptions {
        batch_size: args.batch_size.map(usize::from),
        limit: args.limit.map(|limit| limit as usize),
    };
    let images = options.limit.unwrap_or(usize::MAX).min(data.split.len());
    let bar = progress::images("", images, verbosity);
    let comparison = infer::compare(&first, &second, &data.split, &options, &|done| {
        bar.set_position(done as u64);
    });
    bar.finish_and_clear();
    let document = Document::new(paths, [&first, &second], &data, comparison?);
    if args.json {
        output::print_json(&document)?;
    } else {
        output::print(&text::text(&document))?;
    }
    if let Some(path) = &args.differences {
        output::write_file(path, &document.differences_csv()?)?;
        verbosity.note(&format!("wrote {}", path.display()));
    }
    Ok(ExitCode::SUCCESS)
}
