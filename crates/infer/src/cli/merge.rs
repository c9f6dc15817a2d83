//! `infer merge`: the shards of an evaluation become the report of one.

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::{Args, ValueEnum as _};
use infer::{ModelFile, Part, ShardSet};

use super::data::{self, SourceArgs, SplitName};
use super::eval::{AnswerSource, OnAnswer, OutputArgs, Subject, report};
use super::{Failure, Verbosity, model};

/// Arguments of `infer merge`.
#[derive(Debug, Args)]
pub struct MergeArgs {
    /// Files that `infer eval --shard I/N --shard-out FILE` wrote: all N, in any
    /// order.
    #[arg(value_name = "SHARD", required = true)]
    shards: Vec<PathBuf>,

    /// The ONNX file that was evaluated, or the folder of its run.
    #[arg(long, value_name = "FILE|RUN")]
    model: PathBuf,

    #[command(flatten)]
    source: SourceArgs,

    #[command(flatten)]
    outputs: OutputArgs,
}

/// Runs the command.
pub fn run(args: &MergeArgs, verbosity: Verbosity) -> Result<ExitCode, Failure> {
    let shards = ShardSet::open(&args.shards)?;
    let evaluation = shards.evaluation();
    let path = model::file(&args.model)?;
    let model = ModelFile::read(&path)?;
    shards.check_model(&model)?;
    let split = SplitName::from_str(&evaluation.split, false).map_err(|_| {
        Failure::new(
            format!("the shards are of an unknown split, {:?}", evaluation.split),
            "merge with the version of infer that wrote the shards",
        )
    })?;
    let data = data::open(&args.source, split, model.contract(), &[&path], verbosity)?;
    shards.check_data(&data.sha256, data.split.len())?;
    args.outputs.check()?;

    let subject = Subject {
        model: &path,
        contract: model.contract(),
        data: &data,
        run: &evaluation.run,
        validation: &evaluation.validation,
    };
    report(&subject, &shards, &args.outputs, verbosity)?;
    Ok(ExitCode::SUCCESS)
}

impl AnswerSource for ShardSet {
    fn each(&self, part: Part, on_answer: &mut OnAnswer<'_>) -> Result<Duration, Failure> {
        let times = self.read(part, on_answer)?;
        let seconds = match part {
            Part::Validation => times.validation_seconds,
            Part::Evaluated => times.seconds,
        };
        Ok(Duration::try_from_secs_f64(seconds).unwrap_or_default())
    }
}
