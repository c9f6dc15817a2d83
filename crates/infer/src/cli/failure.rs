//! A command's failure as it is shown: one `error:` and one `hint:` line.

use std::fmt;
use std::process::ExitCode;

use commands::Programs;
use dataset::DatasetError;
use infer::results::ResultsError;
use infer::{InferError, ShardError};
use report::ReportError;

use super::output::printable;
use super::stderr::say;
use super::style::{ERROR, HINT};

const FAILURE: u8 = 1;
/// As clap exits with for an unknown flag.
const WRONG_USAGE: u8 = 2;

/// One line that says what went wrong, and what to do about it.
#[derive(Debug)]
pub struct Failure {
    line: String,
    hint: Option<String>,
    code: u8,
}

impl Failure {
    /// A failure with a hint.
    pub fn new(line: impl Into<String>, hint: impl Into<String>) -> Self {
        Self {
            line: line.into(),
            hint: Some(hint.into()),
            code: FAILURE,
        }
    }

    /// Arguments that clap accepts one by one, but that make no sense together.
    pub fn usage(line: impl Into<String>, hint: impl Into<String>) -> Self {
        Self {
            code: WRONG_USAGE,
            ..Self::new(line, hint)
        }
    }

    /// Prints the failure to stderr; gives its exit code.
    pub fn report(&self) -> ExitCode {
        error_line(&self.line);
        if let Some(hint) = &self.hint {
            let hint = Programs::get().spell(hint);
            say(format_args!("{HINT}hint:{HINT:#} {}", printable(&hint)));
        }
        ExitCode::from(self.code)
    }

    /// What the operating system refused.
    #[cfg(feature = "serve")]
    pub fn system(action: &str, error: &std::io::Error) -> Self {
        Self::with_optional_hint(format!("{action}: {error}"), None)
    }

    /// A failure whose hint there may be.
    pub fn with_optional_hint(line: String, hint: Option<String>) -> Self {
        Self {
            line,
            hint,
            code: FAILURE,
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.line)
    }
}

impl From<InferError> for Failure {
    fn from(error: InferError) -> Self {
        Self::with_optional_hint(error.to_string(), error.hint())
    }
}

impl From<ShardError> for Failure {
    fn from(error: ShardError) -> Self {
        Self::new(error.to_string(), error.hint())
    }
}

impl From<DatasetError> for Failure {
    fn from(error: DatasetError) -> Self {
        Self::with_optional_hint(error.to_string(), error.hint())
    }
}

impl From<ResultsError> for Failure {
    fn from(error: ResultsError) -> Self {
        Self::with_optional_hint(error.to_string(), error.hint())
    }
}

impl From<ReportError> for Failure {
    fn from(error: ReportError) -> Self {
        Self::with_optional_hint(error.to_string(), error.hint())
    }
}

/// Prints one `error:` line to stderr.
pub fn error_line(line: &str) {
    say(format_args!("{ERROR}error:{ERROR:#} {}", printable(line)));
}
