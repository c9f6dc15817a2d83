//! The JSON file beside a weights file: where it came from and which family it is of.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::error::{PretrainedError, one_line};
use crate::family::{Family, IMAGENET_MEAN, IMAGENET_STD};
use crate::statistics::Statistics;

/// What lies beside `X.safetensors` as `X.safetensors.json`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sidecar {
    /// Where the weights came from, in words.
    pub source: String,
    /// SHA-256 of the weights file, in lowercase hexadecimal.
    pub sha256: String,
    /// Padding and batch-norm epsilon.
    pub family: Family,
    /// Channel means of RGB / 255 that the network was trained with.
    #[serde(default = "imagenet_mean")]
    pub mean: [f32; 3],
    /// Channel standard deviations of RGB / 255 that the network was trained with.
    #[serde(default = "imagenet_std")]
    pub std: [f32; 3],
    /// Where the statistics of batch norms come from; earlier versions did not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub statistics: Option<Statistics>,
    /// Program and version that wrote the file.
    pub created_by: String,
}

fn imagenet_mean() -> [f32; 3] {
    IMAGENET_MEAN
}

fn imagenet_std() -> [f32; 3] {
    IMAGENET_STD
}

/// This crate and its version.
pub(crate) const CREATED_BY: &str = concat!(env!("CARGO_PKG_NAME"), " ", env!("CARGO_PKG_VERSION"));

impl Sidecar {
    /// Where the sidecar of a weights file lies.
    #[must_use]
    pub fn path_of(weights: &Path) -> PathBuf {
        let mut name = weights.as_os_str().to_owned();
        name.push(".json");
        PathBuf::from(name)
    }

    /// Reads the sidecar of a weights file; `None` if it has none.
    ///
    /// # Errors
    /// [`PretrainedError::Io`] and [`PretrainedError::Sidecar`].
    pub fn of(weights: &Path) -> Result<Option<Self>, PretrainedError> {
        let path = Self::path_of(weights);
        let bytes = match std::fs::read(&path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(PretrainedError::io("read", &path)(error)),
        };
        serde_json::from_slice(&bytes)
            .map(Some)
            .map_err(|error| PretrainedError::Sidecar {
                path,
                reason: one_line(error),
            })
    }

    /// Writes the sidecar of a weights file.
    pub(crate) fn write(&self, weights: &Path) -> Result<(), PretrainedError> {
        let path = Self::path_of(weights);
        let json =
            serde_json::to_string_pretty(self).map_err(|error| PretrainedError::Sidecar {
                path: path.clone(),
                reason: one_line(error),
            })?;
        contract::fs::write_atomically(&path, format!("{json}\n").as_bytes())
            .map_err(PretrainedError::io("write", &path))
    }

    /// Removes the sidecar of a weights file that is about to be replaced, so that the old
    /// one never lies beside the new file.
    pub(crate) fn remove(weights: &Path) -> Result<(), PretrainedError> {
        let path = Self::path_of(weights);
        match std::fs::remove_file(&path) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                Err(PretrainedError::io("replace", &path)(error))
            }
            _ => Ok(()),
        }
    }
}
