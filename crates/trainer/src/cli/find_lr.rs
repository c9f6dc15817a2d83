//! `trainer find-lr`: the learning rate at which the loss falls best.

use std::{path::PathBuf, process::ExitCode};

use clap::Args;
use metrics::RangeTest;
use trainer::{TrainError, train::find_learning_rate};

use super::{
    introduction::introduction, locations::RuntimeArguments, note::note, output::print,
    prepared::Prepared, start::StartArguments,
};

#[derive(Debug, Args)]
pub struct FindLrArguments {
    #[command(flatten)]
    start: StartArguments,
    /// Learning rate of the first step
    #[arg(long, value_name = "RATE", default_value_t = 1e-6, value_parser = rate)]
    from: f64,
    /// Learning rate that the steps grow towards
    #[arg(long, value_name = "RATE", default_value_t = 1.0, value_parser = rate)]
    to: f64,
    /// Training steps, fewer if the loss gets out of hand
    #[arg(long, value_name = "N", default_value_t = 100)]
    steps: usize,
    /// Plot to write, as FILE.png and FILE.svg
    #[arg(long, value_name = "FILE", default_value = "find-lr")]
    out: PathBuf,
    #[command(flatten)]
    runtime: RuntimeArguments,
    /// No progress
    #[arg(short, long)]
    quiet: bool,
}

fn rate(text: &str) -> Result<f64, String> {
    match text.parse() {
        Ok(rate) if rate > 0.0 && rate <= 1e3 => Ok(rate),
        _ => Err("expected a learning rate, more than 0".to_owned()),
    }
}

pub fn run(arguments: &FindLrArguments) -> anyhow::Result<ExitCode> {
    if arguments.from >= arguments.to {
        let usage = "--from must be smaller than --to";
        return Ok(super::failure::wrong_usage(usage));
    }
    let opened = arguments.start.open()?;
    let (mut prepared, network) = Prepared::new(&arguments.start, &opened, arguments.quiet)?;
    let runtime = arguments.runtime.runtime.as_deref();
    let network = prepared.with_statistics(network, &opened, runtime)?;
    note(introduction(&prepared, &opened));
    let mut test = RangeTest::new(arguments.from, arguments.to, arguments.steps);
    opened.run(|| {
        find_learning_rate(
            &prepared.recipe,
            &prepared.data,
            network,
            &opened.devices,
            &mut test,
        )
    })?;
    let title = format!(
        "{} on {}: loss by learning rate",
        prepared.config.name, prepared.data.info.name
    );
    report::write_range_test(&arguments.out, &title, &test)?;
    note(format_args!(
        "{} steps, plotted as {}.png",
        test.points().len(),
        arguments.out.display()
    ));
    let (Some(valley), Some(steep)) = (test.valley(), test.steep()) else {
        let steps = test.points().len();
        return Err(TrainError::RangeTestTooShort { steps }.into());
    };
    note(format_args!(
        "steepest fall at {steep:.2e}; middle of the longest fall, which is suggested:"
    ));
    opened.finish();
    print(format!("{valley:.2e}"))?;
    Ok(ExitCode::SUCCESS)
}
