//! `trainer`: fine-tune EfficientNet with burn and export it to ONNX.
#![warn(clippy::print_stdout, clippy::print_stderr)]
#![cfg_attr(test, expect(clippy::unwrap_used, reason = "a test may panic"))]

mod cli;

use std::process::ExitCode;

fn main() -> ExitCode {
    run().unwrap_or_else(|error| cli::failure::report(&error))
}

fn run() -> anyhow::Result<ExitCode> {
    let arguments = match cli::Arguments::read() {
        Ok(arguments) => arguments,
        Err(answer) => return cli::tell(&answer),
    };
    trainer::start_threads()?;
    match arguments.command {
        cli::Command::Fit(arguments) => cli::fit::run(&arguments),
        cli::Command::FindLr(arguments) => cli::find_lr::run(&arguments),
        cli::Command::Worker(arguments) => cli::worker::run(&arguments),
        cli::Command::Preview(arguments) => cli::preview::run(&arguments),
        cli::Command::Export(arguments) => cli::export::run(&arguments),
        cli::Command::Runs(arguments) => cli::runs::run(&arguments),
        cli::Command::Weights(arguments) => cli::weights::run(&arguments),
        cli::Command::Data(arguments) => cli::data::run(&arguments),
        cli::Command::Recipes(arguments) => cli::recipes::run(&arguments),
        cli::Command::Doctor(arguments) => cli::doctor::run(&arguments),
        cli::Command::Completions(arguments) => cli::completions::run(&arguments),
    }
}
