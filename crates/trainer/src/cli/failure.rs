//! How a failure reaches the person: one line, a hint, an exit code.

use std::process::ExitCode;

use commands::Programs;
use trainer::TrainError;

use super::{note::note, output::CannotPrint};

/// As clap exits with for an unknown flag.
pub const WRONG_USAGE: u8 = 2;

/// Prints `error` and its hint to stderr and gives the exit code.
pub fn report(error: &anyhow::Error) -> ExitCode {
    match known(error) {
        // Its line says it all; the causes behind it are in that line.
        Some((line, hint)) => {
            note(format_args!("error: {line}"));
            if let Some(hint) = hint {
                print_hint(&hint);
            }
        }
        None => note(format_args!("error: {error:#}")),
    }
    match error.downcast_ref::<TrainError>() {
        Some(TrainError::InterruptedEarly) => ExitCode::from(130),
        _ => ExitCode::FAILURE,
    }
}

/// Reports arguments that do not go together, as clap does.
pub fn wrong_usage(message: &str) -> ExitCode {
    note(format_args!(
        "error: {message}\n\nFor more information, try '--help'."
    ));
    ExitCode::from(WRONG_USAGE)
}

/// Reports arguments that do not go together, where there is a way out.
pub fn wrong_usage_with_hint(message: &str, hint: &str) -> ExitCode {
    note(format_args!("error: {message}"));
    print_hint(hint);
    ExitCode::from(WRONG_USAGE)
}

fn print_hint(hint: &str) {
    note(format_args!("hint: {}", Programs::get().spell(hint)));
}

/// Line and hint of an error of one of the libraries.
fn known(error: &anyhow::Error) -> Option<(String, Option<String>)> {
    macro_rules! line_and_hint {
        ($($type:ty),+) => {
            $(if let Some(error) = error.downcast_ref::<$type>() {
                return Some((error.to_string(), error.hint()));
            })+
        };
    }
    line_and_hint!(
        TrainError,
        CannotPrint,
        dataset::DatasetError,
        pretrained::PretrainedError,
        infer::InferError,
        report::ReportError,
        augment::AugmentError,
        contract::ContractError
    );
    None
}
