//! How a failure reaches the person: one line, a hint, an exit code.

use std::process::ExitCode;

use trainer::TrainError;

/// Prints `error` and its hint to stderr and gives the exit code.
pub fn report(error: &anyhow::Error) -> ExitCode {
    match known(error) {
        // Its line says it all; the causes behind it are in that line.
        Some((line, hint)) => {
            eprintln!("error: {line}");
            if let Some(hint) = hint {
                eprintln!("hint: {hint}");
            }
        }
        None => eprintln!("error: {error:#}"),
    }
    match error.downcast_ref::<TrainError>() {
        Some(TrainError::InterruptedEarly) => ExitCode::from(130),
        _ => ExitCode::FAILURE,
    }
}

/// Reports arguments that do not go together, as clap does.
pub fn wrong_usage(message: &str) -> ExitCode {
    eprintln!("error: {message}\n\nFor more information, try '--help'.");
    ExitCode::from(2)
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
        dataset::DatasetError,
        pretrained::PretrainedError,
        infer::InferError,
        report::ReportError,
        augment::AugmentError,
        contract::ContractError
    );
    None
}
