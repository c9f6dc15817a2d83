//! A command's failure as it is shown: one `error:` and one `hint:` line.

use std::fmt;
use std::process::ExitCode;

use dataset::DatasetError;
use infer::InferError;
use report::ReportError;

/// One line that says what went wrong, and what to do about it.
#[derive(Debug)]
pub struct Failure {
    line: String,
    hint: Option<String>,
}

impl Failure {
    /// A failure with a hint.
    pub fn new(line: impl Into<String>, hint: impl Into<String>) -> Self {
        Self {
            line: line.into(),
            hint: Some(hint.into()),
        }
    }

    /// Prints the failure to stderr; exit code 1.
    pub fn report(&self) -> ExitCode {
        eprintln!("error: {}", self.line);
        if let Some(hint) = &self.hint {
            eprintln!("hint: {hint}");
        }
        ExitCode::FAILURE
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.line)
    }
}

impl From<InferError> for Failure {
    fn from(error: InferError) -> Self {
        Self {
            line: error.to_string(),
            hint: error.hint(),
        }
    }
}

impl From<DatasetError> for Failure {
    fn from(error: DatasetError) -> Self {
        Self {
            line: error.to_string(),
            hint: error.hint(),
        }
    }
}

impl From<ReportError> for Failure {
    fn from(error: ReportError) -> Self {
        Self {
            line: error.to_string(),
            hint: error.hint(),
        }
    }
}
