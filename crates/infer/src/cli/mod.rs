//! The command line: arguments, commands, exit codes.

mod bench;
mod classifier;
mod compare;
mod data;
mod doctor;
mod eval;
mod failure;
mod inspect;
mod manual;
mod merge;
mod output;
mod predict;
mod progress;
#[cfg(feature = "serve")]
mod serve;
mod stderr;
mod style;
mod verbosity;

use std::process::ExitCode;

use clap::{ArgAction, Parser, Subcommand};

use failure::Failure;
use verbosity::Verbosity;

const EXAMPLES: &str = "\
Examples:
  infer eval --model runs/digits/model.onnx
  infer eval --model b0.onnx --dataset cifar100 --data-path cifar-100-binary.tar.gz --out report
  infer eval --model b0.onnx --dataset photos --split val --device cuda --json
  infer eval --model b0.onnx --html report.html --predictions predictions.csv
  infer eval --model b0.onnx --shard 1/3 --shard-out 1.shard
  infer merge 1.shard 2.shard 3.shard --model b0.onnx --html report.html
  infer compare b0.onnx b0-fp16.onnx --differences differences.csv
  infer bench b0.onnx --batch-sizes 1,8 --markdown bench.md
  infer inspect b0.onnx
  infer doctor
  infer serve --model b0.onnx
  infer predict cat.jpg photos/ 'more/**/*.png' --model b0.onnx --top 3
  curl ... | infer predict - --model b0.onnx --json
  find . -name '*.jpg' -print0 | infer predict --files-from - -0 --model b0.onnx --csv

ONNX Runtime is looked for in this order: --runtime, ORT_DYLIB_PATH, beside the
executable, ../lib, .onnxruntime/ of the checkout that the executable was built
in (tools/onnxruntime.sh puts it there), ~/.local/share/infer, the system's
library path.

Colours: only on a terminal; NO_COLOR and CLICOLOR_FORCE are respected.

Exit codes: 0 success, 1 failure, 2 wrong usage, 130 interrupted; `predict` also
3 some images were refused. A reader that goes away (`| head`) is no failure.";

/// Evaluate, inspect and run image classifiers exported by `trainer`.
#[derive(Debug, Parser)]
#[command(name = "infer", version, after_help = EXAMPLES, propagate_version = true)]
struct Cli {
    #[command(subcommand)]
    command: Command,

    /// Say less on stderr: no progress bar, no notes (warnings stay).
    #[arg(short, long, global = true, conflicts_with = "verbose")]
    quiet: bool,

    /// Say more on stderr: which libraries were loaded, where the time went;
    /// twice for messages of the level DEBUG.
    #[arg(short, long, global = true, action = ArgAction::Count)]
    verbose: u8,

    #[command(flatten)]
    color: colorchoice_clap::Color,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Evaluate a model on a split of a data set.
    #[command(after_help = EXIT_CODES)]
    Eval(eval::EvalArgs),
    /// Measure load time, latency, throughput and memory of a model.
    #[command(after_help = EXIT_CODES)]
    Bench(bench::BenchArgs),
    /// Compare two models: agreement, accuracy, logits, speed.
    #[command(after_help = EXIT_CODES)]
    Compare(compare::CompareArgs),
    /// Put the shards of an evaluation together; needs no ONNX Runtime.
    #[command(after_help = MERGE_HELP)]
    Merge(merge::MergeArgs),
    /// Check what this machine has, of what running a model needs.
    #[command(after_help = doctor::EXIT_CODES)]
    Doctor(doctor::DoctorArgs),
    /// Print the contract of a model; needs no ONNX Runtime.
    #[command(after_help = EXIT_CODES)]
    Inspect(inspect::InspectArgs),
    /// Classify image files, folders, patterns, standard input.
    #[command(after_help = predict::EXIT_CODES)]
    Predict(predict::PredictArgs),
    /// Serve models over HTTP.
    #[cfg(feature = "serve")]
    #[command(after_help = serve::HELP)]
    Serve(Box<serve::ServeArgs>),
    /// Print the completion script of a shell.
    #[command(after_help = COMPLETIONS_HELP)]
    Completions(manual::CompletionsArgs),
    /// Write manual pages.
    #[command(after_help = EXIT_CODES)]
    Man(manual::ManArgs),
}

impl Command {
    /// Whether it runs until it is stopped, and tells of it in a log.
    fn is_service(&self) -> bool {
        match self {
            #[cfg(feature = "serve")]
            Self::Serve(_) => true,
            _ => false,
        }
    }
}

const MERGE_HELP: &str = "\
Examples:
  infer eval --model b0.onnx --shard 1/2 --shard-out 1.shard    # on one machine
  infer eval --model b0.onnx --shard 2/2 --shard-out 2.shard    # on another
  infer merge --model b0.onnx 1.shard 2.shard --html report.html

The results are those of one run. Seconds are summed over the shards.

Exit codes: 0 success, 1 failure, 2 wrong usage, 130 interrupted.";

const COMPLETIONS_HELP: &str = "\
Examples:
  infer completions bash > ~/.local/share/bash-completion/completions/infer
  infer completions zsh > ~/.zfunc/_infer
  infer completions fish > ~/.config/fish/completions/infer.fish

Exit codes: 0 success, 1 failure, 2 wrong usage, 130 interrupted.";

const EXIT_CODES: &str = "Exit codes: 0 success, 1 failure, 2 wrong usage, 130 interrupted.";

/// Parses the arguments and runs the command.
pub fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(answer) => return tell(&answer),
    };
    cli.color.write_global();
    let verbosity = Verbosity::new(cli.quiet, cli.verbose);
    verbosity.start_log(cli.command.is_service());
    let result = match cli.command {
        Command::Eval(args) => eval::run(&args, verbosity),
        Command::Bench(args) => bench::run(&args, verbosity),
        Command::Compare(args) => compare::run(&args, verbosity),
        Command::Merge(args) => merge::run(&args, verbosity),
        Command::Doctor(args) => doctor::run(&args),
        Command::Inspect(args) => inspect::run(&args),
        Command::Predict(args) => predict::run(&args, verbosity),
        #[cfg(feature = "serve")]
        Command::Serve(args) => serve::run(&args, verbosity),
        Command::Completions(args) => manual::completions(&args),
        Command::Man(args) => manual::man(&args),
    };
    let code = result.unwrap_or_else(|failure| failure.report());
    stderr::flush();
    code
}

/// Prints the help or version that was asked for, or what is wrong with the arguments
/// (exit code 2).
fn tell(answer: &clap::Error) -> ExitCode {
    if answer.use_stderr() {
        let _ = answer.print();
        return ExitCode::from(answer.exit_code() as u8);
    }
    match output::print_styled(&answer.render()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => failure.report(),
    }
}
