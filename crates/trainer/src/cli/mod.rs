//! The command line: arguments become typed values, the library does the work.

mod checkpoint_file;
pub mod completions;
pub mod data;
pub mod doctor;
pub mod export;
pub mod failure;
pub mod find_lr;
pub mod fit;
mod introduction;
mod locations;
mod note;
mod output;
mod overrides;
mod prepared;
pub mod preview;
mod progress;
pub mod recipes;
pub mod runs;
mod start;
mod stop;
mod token;
pub mod weights;
pub mod worker;

use std::process::ExitCode;

use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};

/// Fine-tune EfficientNet and export it to ONNX, contract and all.
#[derive(Debug, Parser)]
#[command(version, after_help = AFTER_HELP, max_term_width = 100)]
pub struct Arguments {
    #[command(subcommand)]
    pub command: Command,
}

impl Arguments {
    /// Parses the command line.
    ///
    /// # Errors
    /// Help that was asked for, or wrong usage: see [`tell`].
    pub fn read() -> Result<Self, clap::Error> {
        let matches = commands::spelled(Self::command()).try_get_matches()?;
        Self::from_arg_matches(&matches)
    }
}

/// Prints the help or version that was asked for, or what is wrong with the arguments (exit
/// code 2).
pub fn tell(answer: &clap::Error) -> anyhow::Result<ExitCode> {
    let printed = answer.print();
    if answer.use_stderr() {
        return Ok(ExitCode::from(failure::WRONG_USAGE));
    }
    output::check(printed)?;
    Ok(ExitCode::SUCCESS)
}

const AFTER_HELP: &str = "\
Examples:
  trainer fit --dataset digits --recipe digits
  trainer fit --dataset cifar100 --data-path cifar-100-binary.tar.gz --image-size 96 --epochs 3
  trainer fit --dataset photos/ --epochs 10 --batch-size 16
  trainer fit --resume runs/cifar100
  trainer fit --resume runs/cifar100 --epochs 30               # more epochs for a run
  trainer fit --weights runs/cifar100 --dataset photos/        # start from its network
  trainer fit --dry-run --dataset cifar100 --recipe best
  trainer find-lr --dataset cifar100 --recipe cpu
  trainer worker --listen 0.0.0.0 --token-file token           # on each machine
  trainer fit --workers node1,node2 --token-file token --dataset cifar100
  trainer preview --dataset cifar100 --recipe best --out preview.png
  trainer export runs/digits --out digits.onnx
  trainer runs

Exit codes:
  0    done
  1    failed; one line says what, a second one what to do
  2    wrong usage
  130  interrupted; what was learnt is kept in the run's folder";

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Train a classifier and export it
    Fit(Box<fit::FitArguments>),
    /// Find the learning rate at which the loss falls best
    FindLr(Box<find_lr::FindLrArguments>),
    /// Lend this machine's devices to a run on another one, and end with it
    Worker(worker::WorkerArguments),
    /// Draw what the network will see
    Preview(Box<preview::PreviewArguments>),
    /// Export a run's network to ONNX and check it
    Export(export::ExportArguments),
    /// List the runs below a folder: data, recipe, figures, state
    Runs(runs::RunsArguments),
    /// Fetch pretrained weights
    Weights(weights::WeightsArguments),
    /// Fetch data sets
    Data(data::DataArguments),
    /// Print the built-in recipes
    Recipes(recipes::RecipesArguments),
    /// Check what the machine has, of what training needs
    Doctor(doctor::DoctorArguments),
    /// Print the completion script of a shell
    Completions(completions::CompletionsArguments),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_example_can_be_parsed() {
        let examples = AFTER_HELP
            .lines()
            .filter_map(|line| line.strip_prefix("  trainer "));
        let mut parsed = 0;
        for example in examples {
            let words = shlex::split(&format!("trainer {example}")).unwrap();
            Arguments::try_parse_from(words).unwrap_or_else(|error| panic!("{example}: {error}"));
            parsed += 1;
        }
        assert!(parsed > 10);
    }
}
