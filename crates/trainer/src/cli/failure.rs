//! How a failure reaches the person: one line, a hint, an exit code.

use std::process::ExitCode;

use trainer::TrainError;

/// Prints `error` and its hint to stderr and gives the exit code.
pub fn report(error: &anyhow::Error) -> ExitCode {
    // `{:#}` puts the causes behind the context, on one line.
    eprintln!("error: {error:#}");
    let hint = error.chain().find_map(|cause| {
        if let Some(error) = cause.downcast_ref::<TrainError>() {
            error.hint()
        } else if let Some(error) = cause.downcast_ref::<dataset::DatasetError>() {
            error.hint()
        } else if let Some(error) = cause.downcast_ref::<pretrained::PretrainedError>() {
            error.hint()
        } else if let Some(error) = cause.downcast_ref::<infer::InferError>() {
            error.hint()
        } else {
            None
        }
    });
    if let Some(hint) = hint {
        eprintln!("hint: {hint}");
    }
    match error.downcast_ref::<TrainError>() {
        Some(TrainError::InterruptedEarly) => ExitCode::from(130),
        _ => ExitCode::FAILURE,
    }
}
