//! What can go wrong when an ONNX file is read.

use thiserror::Error;

/// Why bytes could not be read as an ONNX model.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum OnnxError {
    /// The bytes are no ONNX model: garbage, cut off, or empty.
    #[error("not an ONNX model: {reason}")]
    NotOnnx {
        /// What is wrong with them.
        reason: String,
    },
}

impl OnnxError {
    /// What to do about it, in one line.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::NotOnnx { .. } => Some(
                "give the .onnx file that `trainer export` wrote; if it was copied, copy it again"
                    .into(),
            ),
        }
    }
}
