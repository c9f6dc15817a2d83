//! `infer eval`: a model's scores on a data set.

mod files;
mod history;
mod page;
mod pictures;
mod predictions;
mod progress;
mod results;
mod temperature;
mod text;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;
use dataset::Split;
use infer::{Classifier, EvaluateOptions, EvaluationOutcome};

use super::classifier::ClassifierArgs;
use super::data::{self, DataArgs};
use super::{Failure, Verbosity, output};
use predictions::PredictionsFile;
use results::{EvalResults, Evaluated};

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

    /// Do not fit a temperature: saves running the model on the validation
    /// split (or on `--limit` images of it).
    #[arg(long)]
    no_temperature: bool,

    /// Seed of the bootstrap intervals and of the pictures drawn at random.
    #[arg(long, value_name = "N", default_value_t = 0)]
    seed: u64,

    /// Write confusion.csv, confusion.png, reliability.png, report.txt and
    /// metrics.json there.
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,

    /// Write a report to open in a browser: one file, with all its pictures.
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,

    /// Write every image's label, prediction and probabilities: FILE.csv or FILE.jsonl.
    #[arg(long, value_name = "FILE")]
    predictions: Option<PredictionsFile>,

    /// Write 16 pictures drawn at random, with their labels and predictions, as PNG.
    #[arg(long, value_name = "FILE")]
    grid: Option<PathBuf>,

    /// Print one JSON document instead of tables.
    #[arg(long)]
    json: bool,
}

/// Runs the command.
pub fn run(args: &EvalArgs, verbosity: Verbosity) -> Result<ExitCode, Failure> {
    let classifier = args.classifier.open(&args.model, verbosity)?;
    let data = data::open(&args.data, classifier.contract(), verbosity)?;
    check_outputs(args)?;

    let evaluate =
        |split: &Split, what: &'static str| evaluate(args, &classifier, split, what, verbosity);
    let outcome = evaluate(&data.split, "")?;
    let temperature = if args.no_temperature {
        Err("--no-temperature".to_owned())
    } else {
        temperature::fit(args.data.split, &outcome, &data.validation, |split| {
            evaluate(split, "validation ")
        })?
    };

    let evaluated = Evaluated {
        model: &args.model,
        classifier: &classifier,
        data: &data,
        split: args.data.split,
        outcome: &outcome,
        temperature: &temperature,
        seed: args.seed,
    };
    let results = EvalResults::new(&evaluated);
    if args.json {
        output::print_json(&results)?;
    } else {
        output::print(&text::of(&results))?;
    }
    write_outputs(args, &evaluated, &results, verbosity)?;
    Ok(ExitCode::SUCCESS)
}

/// Runs the model on a split; `what` names it on the progress bar.
fn evaluate(
    args: &EvalArgs,
    classifier: &Classifier,
    split: &Split,
    what: &'static str,
    verbosity: Verbosity,
) -> Result<EvaluationOutcome, Failure> {
    let options = EvaluateOptions {
        batch_size: args.batch_size.map(usize::from),
        limit: args.limit.map(|limit| limit as usize),
    };
    let images = options.limit.unwrap_or(usize::MAX).min(split.len());
    let bar = progress::bar(what, images, verbosity);
    let outcome = infer::evaluate(classifier, split, &options, &|done| {
        bar.set_position(done as u64)
    });
    bar.finish_and_clear();
    let outcome = outcome?;
    verbosity.detail(&format!(
        "{what}{:.1} s in all; summed over the workers {:.1} s preparing images, {:.1} s running the model",
        outcome.times.wall.as_secs_f64(),
        outcome.times.prepare.as_secs_f64(),
        outcome.times.run.as_secs_f64()
    ));
    Ok(outcome)
}

/// Makes the folders of all files that are to be written, before time is spent
/// on the evaluation.
fn check_outputs(args: &EvalArgs) -> Result<(), Failure> {
    if let Some(dir) = &args.out {
        files::check_folder(dir)?;
    }
    let predictions = args.predictions.as_ref().map(PredictionsFile::path);
    let paths = [args.html.as_deref(), predictions, args.grid.as_deref()];
    for path in paths.into_iter().flatten() {
        files::check_folder(path.parent().unwrap_or(Path::new("")))?;
    }
    Ok(())
}

fn write_outputs(
    args: &EvalArgs,
    evaluated: &Evaluated<'_>,
    results: &EvalResults<'_>,
    verbosity: Verbosity,
) -> Result<(), Failure> {
    let wrote = |path: &Path| verbosity.note(&format!("wrote {}", path.display()));
    if let Some(dir) = &args.out {
        files::write(dir, results)?;
        verbosity.note(&format!("wrote {}", files::names(dir)));
    }
    if let Some(file) = &args.predictions {
        file.write(evaluated)?;
        wrote(file.path());
    }
    if let Some(path) = &args.grid {
        page::write_grid(path, evaluated, results)?;
        wrote(path);
    }
    if let Some(path) = &args.html {
        page::write_html(path, evaluated, results, verbosity)?;
        wrote(path);
    }
    Ok(())
}
