//! `infer bench`: how fast a model runs on this machine.

mod markdown;
mod text;

use std::num::NonZero;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::Args;
use infer::{BenchOptions, BenchReport, ModelFile};
use serde::Serialize;

use super::classifier::DeviceArgs;
use super::verbosity::warn;
use super::{Failure, Verbosity, model, output, progress};

/// Arguments of `infer bench`.
#[derive(Debug, Args)]
pub struct BenchArgs {
    /// ONNX file exported by `trainer`, or the folder of its run.
    #[arg(value_name = "MODEL|RUN")]
    model: PathBuf,

    #[command(flatten)]
    device: DeviceArgs,

    /// Images a run [default: 1,4,8 on the CPU, 1,8,32,64,128 on a GPU].
    #[arg(long, value_name = "N,...", value_delimiter = ',', value_parser = clap::value_parser!(u16).range(1..))]
    batch_sizes: Vec<u16>,

    /// Sessions that run at the same time [default: 1 and one a core; on a GPU
    /// 1,2].
    #[arg(long, value_name = "N,...", value_delimiter = ',', value_parser = clap::value_parser!(u16).range(1..))]
    sessions: Vec<u16>,

    /// Threads inside each session [default: 1 and one a core].
    #[arg(long, value_name = "N,...", value_delimiter = ',', value_parser = clap::value_parser!(u16).range(1..))]
    threads: Vec<u16>,

    /// Seconds for each latency and each combination of the above.
    #[arg(long, value_name = "S", default_value = "2", value_parser = seconds)]
    seconds: f64,

    /// Rounds that these seconds are divided into; their spread tells of noise.
    #[arg(long, value_name = "N", default_value = "5", value_parser = clap::value_parser!(u16).range(2..))]
    rounds: u16,

    /// Write the figures there as JSON.
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,

    /// Write the figures there as Markdown.
    #[arg(long, value_name = "FILE")]
    markdown: Option<PathBuf>,
}

/// The document that `--json` writes.
#[derive(Serialize)]
struct Document<'a> {
    model: &'a str,
    sha256: String,
    input: [usize; 3],
    #[serde(flatten)]
    report: &'a BenchReport,
}

/// Runs the command.
pub fn run(args: &BenchArgs, verbosity: Verbosity) -> Result<ExitCode, Failure> {
    for path in args.json.iter().chain(&args.markdown) {
        output::check_folder_of(path)?;
    }
    let path = model::file(&args.model)?;
    let model = ModelFile::read(&path)?;
    let list = |values: &[u16]| values.iter().copied().map(usize::from).collect();
    let options = BenchOptions {
        device: args.device.device,
        gpu: args.device.gpu(),
        runtime: args.device.runtime.clone(),
        batch_sizes: list(&args.batch_sizes),
        sessions: list(&args.sessions),
        threads: list(&args.threads),
        time: Duration::from_secs_f64(args.seconds),
        rounds: NonZero::new(args.rounds.into()).unwrap_or(NonZero::<usize>::MIN),
    };
    let bar = progress::bar(1, verbosity);
    let report = infer::bench(&model, &options, &|done, steps| {
        bar.set_length(steps as u64);
        bar.set_position(done as u64);
    });
    bar.finish_and_clear();
    let report = report?;

    let name = path.display().to_string();
    output::print(&text::text(&name, &report))?;
    for warning in &report.noise.warnings {
        warn(&format!("the machine was noisy: {warning}"));
    }
    let input = &model.contract().input;
    if let Some(path) = &args.json {
        let document = Document {
            model: &name,
            sha256: model.sha256(),
            input: [input.height, input.width, input.channels],
            report: &report,
        };
        output::write_file(path, output::to_json(&document)?.as_bytes())?;
        verbosity.note(&format!("wrote {}", path.display()));
    }
    if let Some(path) = &args.markdown {
        output::write_file(path, markdown::markdown(&name, &report).as_bytes())?;
        verbosity.note(&format!("wrote {}", path.display()));
    }
    Ok(ExitCode::SUCCESS)
}

/// A duration in seconds of at most an hour.
fn seconds(text: &str) -> Result<f64, String> {
    let seconds: f64 = text.parse().map_err(|_| "expected a number".to_owned())?;
    if seconds > 0.0 && seconds <= 3600.0 {
        Ok(seconds)
    } else {
        Err("expected more than 0 and at most 3600".to_owned())
    }
}
