//! `infer eval`: a model's scores on a data set.

use std::fmt;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use indicatif::{ProgressBar, ProgressState, ProgressStyle};
use infer::EvaluateOptions;

use super::classifier::ClassifierArgs;
use super::data::{self, DataArgs};
use super::eval_report::EvalReport;
use super::{Failure, Verbosity, output};

/// Arguments of `infer eval`.
#[derive(Debug, Args)]
pub struct EvalArgs {
    /// ONNX file exported by `trainer`.
    #[arg(long, value_name = "FILE")]
    model: PathBuf,

    #[command(flatten)]
    data: DataArgs,

    #[command(flatten)]
    classifier: ClassifierArgs,

    /// Images a run [default: 4 on the CPU, 64 on a GPU].
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    batch_size: Option<u16>,

    /// Evaluate only N images, evenly spaced over the split.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    limit: Option<u32>,

    /// Write confusion.csv, confusion.png, report.txt and metrics.json there.
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,

    /// Print one JSON document instead of tables.
    #[arg(long)]
    json: bool,
}

/// Runs the command.
pub fn run(args: &EvalArgs, verbosity: Verbosity) -> Result<ExitCode, Failure> {
    let classifier = args.classifier.open(&args.model, verbosity)?;
    let data = data::open(&args.data, classifier.contract(), verbosity)?;
    if let Some(dir) = &args.out {
        EvalReport::check_folder(dir)?;
    }

    let options = EvaluateOptions {
        batch_size: args.batch_size.map(usize::from),
        limit: args.limit.map(|limit| limit as usize),
    };
    let images = options.limit.unwrap_or(usize::MAX).min(data.split.len());
    let bar = progress_bar(images, verbosity);
    let outcome = infer::evaluate(&classifier, &data.split, &options, &|done| {
        bar.set_position(done as u64)
    });
    bar.finish_and_clear();
    let outcome = outcome?;
    verbosity.detail(&format!(
        "{:.1} s in all; summed over the workers {:.1} s preparing images, {:.1} s running the model",
        outcome.times.wall.as_secs_f64(),
        outcome.times.prepare.as_secs_f64(),
        outcome.times.run.as_secs_f64()
    ));

    let report = EvalReport::new(&args.model, &classifier, &data, args.data.split, &outcome);
    if args.json {
        output::print_json(&report)?;
    } else {
        output::print(&report.to_text())?;
    }
    if let Some(dir) = &args.out {
        report.write(dir)?;
        verbosity.note(&format!("wrote {}", EvalReport::files(dir)));
    }
    Ok(ExitCode::SUCCESS)
}

/// A bar on stderr; hidden by `--quiet` and, by indicatif, where stderr is no
/// terminal.
fn progress_bar(images: usize, verbosity: Verbosity) -> ProgressBar {
    if verbosity == Verbosity::Quiet {
        return ProgressBar::hidden();
    }
    let rate = |state: &ProgressState, text: &mut dyn fmt::Write| {
        let _ = write!(text, "{:.0} img/s", state.per_sec());
    };
    let style = ProgressStyle::with_template("{wide_bar} {pos}/{len}, {rate}, {eta} left")
        .unwrap_or_else(|_| ProgressStyle::default_bar())
        .with_key("rate", rate);
    ProgressBar::new(images as u64).with_style(style)
}
