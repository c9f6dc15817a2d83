//! What can be wrong with a contract.

use thiserror::Error;

/// Why a contract could not be read or is not valid.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ContractError {
    /// The text is not JSON.
    #[error("the model's contract is not JSON: {reason}")]
    NotJson {
        /// What the parser says, with line and column.
        reason: String,
    },
    /// The document was written by a newer program.
    #[error("the model's contract has version {found}, but this program reads up to {supported}")]
    NewerVersion {
        /// Version of the document.
        found: u64,
        /// Newest version that this crate reads.
        supported: u32,
    },
    /// A field is missing, of another type, or out of range.
    #[error("the model's contract is invalid: {field}: {reason}")]
    Invalid {
        /// Path of the field, e.g. `superclasses.of_class[3]`.
        field: String,
        /// What is wrong with it.
        reason: String,
    },
}

impl ContractError {
    /// What to do about it, in one line.
    pub fn hint(&self) -> Option<String> {
        Some(match self {
            Self::NewerVersion { found, .. } => {
                format!("upgrade infer to a release that reads contract version {found}")
            }
            Self::NotJson { .. } | Self::Invalid { .. } => {
                "`trainer export RUN --out model.onnx` makes the model again".into()
            }
        })
    }
}
