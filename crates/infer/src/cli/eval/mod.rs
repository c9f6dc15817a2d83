//! `infer eval`: a model's scores on a data set.

mod answers;
mod files;
mod outputs;
mod predictions;
mod report;
mod shard;
mod text;

use std::panic::resume_unwind;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::thread;

use clap::Args;
use infer::{
    Classifier, EvaluateOptions, ModelFile, RunFacts, Shard, ShardHeader, ShardedEvaluation,
    Validation, preprocessing_sha256,
};

use super::classifier::ClassifierArgs;
use super::data::{self, Data, DataArgs, SplitName};
use super::{Failure, Verbosity, model};
use answers::ModelAnswers;
pub use answers::{AnswerSource, OnAnswer};
pub use outputs::OutputArgs;
pub use report::{Subject, report};

/// Arguments of `infer eval`.
#[derive(Debug, Args)]
pub struct EvalArgs {
    /// ONNX file exported by `trainer`, or the folder of its run.
    #[arg(long, value_name = "FILE|RUN")]
    model: PathBuf,

    #[command(flatten)]
    data: DataArgs,

    #[command(flatten)]
    classifier: ClassifierArgs,

    /// Images a run [default: 64 on a GPU, on the CPU 1 to 16, fewer the
    /// larger the images that the network sees].
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    batch_size: Option<u16>,

    /// Evaluate only N images, evenly spaced over the split.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    limit: Option<u32>,

    /// Do not fit a temperature: saves running the model on the validation
    /// split (or on `--limit` images of it).
    #[arg(long)]
    no_temperature: bool,

    /// Evaluate only the I-th of N shares, counted from 1, and write its answers
    /// to a file for `infer merge`.
    #[arg(
        long, value_name = "I/N", requires = "shard_out",
        conflicts_with_all = ["seed", "out", "html", "predictions", "grid", "json"]
    )]
    shard: Option<Shard>,

    /// Where to write the answers of `--shard`.
    #[arg(long, value_name = "FILE", requires = "shard")]
    shard_out: Option<PathBuf>,

    #[command(flatten)]
    outputs: OutputArgs,
}

/// Runs the command.
pub fn run(args: &EvalArgs, verbosity: Verbosity) -> Result<ExitCode, Failure> {
    take_small_pages();
    let path = model::file(&args.model)?;
    let model = ModelFile::read(&path)?;
    args.outputs.check()?;
    args.shard_out
        .as_deref()
        .map_or(Ok(()), files::check_folder_of)?;
    let (classifier, data) = open(args, &path, &model, verbosity)?;
    let model_sha256 = args.shard.map(|_| model.sha256()).unwrap_or_default();
    drop(model);
    let contract = classifier.contract();

    let options = EvaluateOptions {
        batch_size: args.batch_size.map(usize::from),
        limit: args.limit.map(|limit| limit as usize),
        shard: args.shard,
    };
    let run = RunFacts::new(&classifier, &options);
    let validation = validation(args, &data);
    let answers = ModelAnswers {
        classifier: &classifier,
        data: &data,
        options: &options,
        verbosity,
    };
    if let (Some(shard), Some(path)) = (args.shard, &args.shard_out) {
        let evaluation = ShardedEvaluation {
            model_sha256,
            preprocessing_sha256: preprocessing_sha256(contract),
            classes: contract.classes.len(),
            dataset_sha256: data.sha256.clone(),
            split: data.split_name.as_str().to_owned(),
            split_images: data.split.len(),
            limit: options.limit,
            validation,
            run,
        };
        shard::write(path, &ShardHeader::new(shard, evaluation), &answers)?;
        verbosity.note(&format!("wrote {}", path.display()));
        return Ok(ExitCode::SUCCESS);
    }
    let subject = Subject {
        model: &path,
        contract,
        data: &data,
        run: &run,
        validation: &validation,
    };
    report(&subject, &answers, &args.outputs, verbosity)?;
    Ok(ExitCode::SUCCESS)
}

/// From here on memory comes by 4 KiB: a sixth less of it is taken. Huge pages would
/// spare 0.05 s of page faults where the system has some at hand, and cost 0.3 s where a
/// virtual machine has to ask its host for each.
fn take_small_pages() {
    // Where it cannot be said, huge pages do too.
    #[cfg(target_os = "linux")]
    let _ = rustix::thread::disable_transparent_huge_pages(true);
}

/// Opens the sessions and runs each a first time while another core reads the data.
fn open(
    args: &EvalArgs,
    path: &Path,
    model: &ModelFile,
    verbosity: Verbosity,
) -> Result<(Classifier, Data), Failure> {
    let contract = model.contract();
    thread::scope(|scope| {
        let data = &args.data;
        let data =
            scope.spawn(move || data::open(&data.source, data.split, contract, &[path], verbosity));
        let classifier = args.classifier.open_warm(model, args.batch_size, verbosity);
        let data = data.join().unwrap_or_else(|panic| resume_unwind(panic));
        Ok((classifier?, data?))
    })
}

/// What to fit a temperature on.
fn validation(args: &EvalArgs, data: &Data) -> Validation {
    match &data.validation {
        _ if args.no_temperature => Validation::Without("--no-temperature".to_owned()),
        _ if data.split_name == SplitName::Val => Validation::Evaluated,
        Ok(split) => Validation::Images(split.len()),
        Err(reason) => Validation::Without(reason.to_string()),
    }
}
