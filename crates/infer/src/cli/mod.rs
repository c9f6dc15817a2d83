//! The command line: arguments, commands, exit codes.

mod classifier;
mod data;
mod eval;
mod failure;
mod inspect;
mod output;
mod predict;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use failure::Failure;

const EXAMPLES: &str = "\
Examples:
  infer eval --model runs/digits/model.onnx
  infer eval --model b0.onnx --dataset cifar100 --data-path cifar-100-binary.tar.gz --out report
  infer eval --model b0.onnx --dataset photos --split val --device cuda --json
  infer eval --model b0.onnx --html report.html --predictions predictions.csv
  infer inspect b0.onnx
  infer predict cat.jpg dog.png --model b0.onnx --top 3

ONNX Runtime is looked for in this order: --runtime, ORT_DYLIB_PATH, beside the
executable, ../lib, .onnxruntime/ of the project (tools/onnxruntime.sh puts it
there), the system's library path.

Exit codes: 0 success, 1 failure, 2 wrong usage, 130 interrupted.";

/// Evaluate, inspect and run image classifiers exported by `trainer`.
#[derive(Debug, Parser)]
#[command(name = "infer", version, after_help = EXAMPLES, propagate_version = true)]
struct Cli {
    #[command(subcommand)]
    command: Command,

    /// Say less on stderr: no progress bar, no notes (warnings stay).
    #[arg(short, long, global = true, conflicts_with = "verbose")]
    quiet: bool,

    /// Say more on stderr: which libraries were loaded, where the time went.
    #[arg(short, long, global = true)]
    verbose: bool,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Evaluate a model on a split of a data set.
    #[command(after_help = EXIT_CODES)]
    Eval(eval::EvalArgs),
    /// Print the contract of a model; needs no ONNX Runtime.
    #[command(after_help = EXIT_CODES)]
    Inspect(inspect::InspectArgs),
    /// Classify image files.
    #[command(after_help = EXIT_CODES)]
    Predict(predict::PredictArgs),
}

const EXIT_CODES: &str = "Exit codes: 0 success, 1 failure, 2 wrong usage, 130 interrupted.";

/// How much to say on stderr.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verbosity {
    Quiet,
    Normal,
    Verbose,
}

impl Verbosity {
    /// Prints a line that only a curious person wants.
    fn detail(self, line: &str) {
        if self == Self::Verbose {
            eprintln!("{line}");
        }
    }

    /// Prints a line worth knowing.
    fn note(self, line: &str) {
        if self != Self::Quiet {
            eprintln!("note: {line}");
        }
    }
}

/// Parses the arguments (clap exits with 2 on wrong usage) and runs the
/// command.
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    let verbosity = match (cli.quiet, cli.verbose) {
        (true, _) => Verbosity::Quiet,
        (_, true) => Verbosity::Verbose,
        _ => Verbosity::Normal,
    };
    let result = match cli.command {
        Command::Eval(args) => eval::run(&args, verbosity),
        Command::Inspect(args) => inspect::run(&args),
        Command::Predict(args) => predict::run(&args, verbosity),
    };
    match result {
        Ok(code) => code,
        Err(failure) => failure.report(),
    }
}
