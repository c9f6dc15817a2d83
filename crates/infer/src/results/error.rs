//! What can go wrong when results are shown.

use dataset::DatasetError;
use report::ReportError;

/// A page or a grid could not be made.
#[derive(Debug, thiserror::Error)]
pub enum ResultsError {
    /// A picture that it shows could not be read.
    #[error(transparent)]
    Dataset(#[from] DatasetError),
    /// It could not be drawn or written.
    #[error(transparent)]
    Report(#[from] ReportError),
}

impl ResultsError {
    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Dataset(error) => error.hint(),
            Self::Report(error) => error.hint(),
        }
    }
}
