//! The lines after the header.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};

use crate::Answer;

/// An image.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ImageLine {
    pub index: usize,
    pub label: usize,
    /// float32, little-endian, base64.
    logits: String,
}

/// The line after the images: wall-clock seconds.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ShardTimes {
    /// For the images of the validation split.
    pub validation_seconds: f64,
    /// For the evaluated images.
    pub seconds: f64,
}

/// The last line.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ChecksumLine {
    /// SHA-256 of all lines before it, with their ends; lower-case hexadecimal.
    pub sha256: String,
}

impl ImageLine {
    pub fn new(answer: &Answer<'_>) -> Self {
        let bytes: Vec<u8> = answer.logits.iter().flat_map(|z| z.to_le_bytes()).collect();
        Self {
            index: answer.index,
            label: answer.label,
            logits: STANDARD.encode(bytes),
        }
    }

    /// The logits, one for each of `classes`, or what is wrong.
    pub fn logits(&self, classes: usize) -> Result<Vec<f32>, String> {
        let bytes = STANDARD
            .decode(&self.logits)
            .map_err(|error| format!("the logits are no base64: {error}"))?;
        let (values, rest) = bytes.as_chunks::<4>();
        if values.len() != classes || !rest.is_empty() {
            return Err(format!(
                "the logits have {} bytes, expected {classes} float32",
                bytes.len()
            ));
        }
        Ok(values
            .iter()
            .map(|&value| f32::from_le_bytes(value))
            .collect())
    }
}
