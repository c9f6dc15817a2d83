//! How exactly the exported network computes, and what that may cost.

use std::{fmt, str::FromStr};

/// Number format of the network's weights and activations.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Precision {
    /// float32, as it was trained.
    Fp32,
    /// float16: half the file. GPUs compute in it, processors that cannot
    /// compute in float32.
    Fp16,
}

impl FromStr for Precision {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "fp32" => Ok(Self::Fp32),
            "fp16" => Ok(Self::Fp16),
            other => Err(format!(
                "unknown precision '{other}', expected fp32 or fp16"
            )),
        }
    }
}

impl fmt::Display for Precision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Fp32 => "fp32",
            Self::Fp16 => "fp16",
        })
    }
}

/// What an export has to pass.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Gate {
    /// Number format of the export.
    pub precision: Precision,
    /// Most top-1 accuracy, in `[0, 1]`, that a lower precision may lose on the
    /// validation split. float32 may lose none but for float noise.
    pub accuracy_loss: f64,
}

impl Default for Gate {
    fn default() -> Self {
        Self {
            precision: Precision::Fp32,
            accuracy_loss: 0.005,
        }
    }
}
