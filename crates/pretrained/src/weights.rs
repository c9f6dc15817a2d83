//! Weights with what one must know to use them.

use std::collections::BTreeMap;
use std::path::Path;

use crate::error::PretrainedError;
use crate::family::{Family, IMAGENET_MEAN, IMAGENET_STD, Padding};
use crate::sidecar::{CREATED_BY, Sidecar};
use crate::statistics::Statistics;
use crate::tensor::NamedTensors;
use crate::{pytorch_file, safetensors_file};

/// A network's weights.
#[derive(Clone, Debug, PartialEq)]
pub struct Weights {
    /// Tensors under timm's names, in PyTorch's layouts.
    pub tensors: NamedTensors,
    /// Padding and batch-norm epsilon that go with them.
    pub family: Family,
    /// Where they came from, in words.
    pub source: String,
    /// SHA-256 of the file that they were read from, in lowercase hexadecimal. [`write()`]
    /// does not look at it.
    pub sha256: String,
    /// Where the statistics of their batch norms come from.
    pub statistics: Statistics,
    /// Channel means of RGB / 255 that the network was trained with.
    pub mean: [f32; 3],
    /// Channel standard deviations of RGB / 255 that the network was trained with.
    pub std: [f32; 3],
}

/// Reads a `.safetensors`, `.pth` or `.pt` file with timm's or torchvision's tensor names.
///
/// float16, bfloat16 and float64 become float32, `num_batches_tracked` is dropped, and a
/// checkpoint's other contents are left out. Tensors with unknown names are kept, for
/// [`check`](crate::check()) to name.
///
/// The family is the given one, else the sidecar's, else that of a safetensors file's
/// metadata (`padding` and `bn_eps`), else [`Family::torch`]. Mean and standard deviation
/// are the sidecar's, else the metadata's, else ImageNet's. Statistics of batch norms are the
/// network's own unless the sidecar, or a source known for folding, says otherwise.
///
/// # Errors
/// The file or its sidecar cannot be read or understood, a weight is not floating-point, or
/// the sidecar has another hash.
pub fn read(path: &Path, family: Option<Family>) -> Result<Weights, PretrainedError> {
    let (tensors, metadata, sha256) = match extension(path).as_deref() {
        Some("safetensors") => {
            let contents = safetensors_file::read(path)?;
            (contents.tensors, contents.metadata, contents.sha256)
        }
        Some("pth" | "pt") => {
            let sha256 =
                contract::fs::sha256_file(path).map_err(PretrainedError::io("read", path))?;
            (pytorch_file::read(path)?, BTreeMap::new(), sha256)
        }
        _ => {
            return Err(PretrainedError::UnknownFormat {
                path: path.to_path_buf(),
            });
        }
    };
    let mut weights = Weights {
        tensors,
        family: Family::torch(),
        source: file_name(path),
        sha256,
        statistics: Statistics::Trained,
        mean: IMAGENET_MEAN,
        std: IMAGENET_STD,
    };
    let mut stated = None;
    match Sidecar::of(path)? {
        Some(sidecar) => {
            if sidecar.sha256 != weights.sha256 {
                return Err(PretrainedError::WrongSha256 {
                    path: path.to_path_buf(),
                    found: weights.sha256,
                    expected: sidecar.sha256,
                    by: format!("by {}", file_name(&Sidecar::path_of(path))),
                });
            }
            weights.family = sidecar.family;
            weights.source = sidecar.source;
            weights.mean = sidecar.mean;
            weights.std = sidecar.std;
            stated = sidecar.statistics;
        }
        None => weights.apply_metadata(&metadata, path)?,
    }
    weights.statistics = stated.unwrap_or_else(|| Statistics::of_source(&weights.source));
    if let Some(family) = family {
        weights.family = family;
    }
    Ok(weights)
}

/// Writes a `.safetensors` file with timm's names, its family in the metadata, and its
/// sidecar. The same weights give the same bytes. Returns the file's SHA-256.
///
/// # Errors
/// The files cannot be written, or a tensor's number of values is not that of its shape.
pub fn write(path: &Path, weights: &Weights) -> Result<String, PretrainedError> {
    let bytes = safetensors_file::to_bytes(
        &weights.tensors,
        &metadata(weights.family, weights.mean, weights.std, &weights.source),
    )
    .map_err(|reason| PretrainedError::Malformed {
        path: path.to_path_buf(),
        format: "safetensors",
        reason,
    })?;
    let sha256 = contract::fs::sha256_hex(&bytes);
    Sidecar::remove(path)?;
    contract::fs::write_atomically(path, &bytes).map_err(PretrainedError::io("write", path))?;
    let sidecar = Sidecar {
        source: weights.source.clone(),
        sha256: sha256.clone(),
        family: weights.family,
        mean: weights.mean,
        std: weights.std,
        statistics: Some(weights.statistics),
        created_by: CREATED_BY.to_owned(),
    };
    sidecar.write(path)?;
    Ok(sha256)
}

/// The safetensors metadata that [`read`] understands: family, channel means
/// and standard deviations, and where the weights came from.
#[must_use]
pub fn metadata(
    family: Family,
    mean: [f32; 3],
    std: [f32; 3],
    source: &str,
) -> BTreeMap<String, String> {
    BTreeMap::from([
        ("bn_eps".to_owned(), format!("{:e}", family.bn_epsilon)),
        (
            "padding".to_owned(),
            family.padding.to_metadata().to_owned(),
        ),
        ("mean".to_owned(), format!("{mean:?}")),
        ("std".to_owned(), format!("{std:?}")),
        ("source".to_owned(), source.to_owned()),
    ])
}

impl Weights {
    fn apply_metadata(
        &mut self,
        metadata: &BTreeMap<String, String>,
        path: &Path,
    ) -> Result<(), PretrainedError> {
        let error = |key, value: &str, expected| PretrainedError::Metadata {
            path: path.to_path_buf(),
            key,
            value: value.to_owned(),
            expected,
        };
        if let Some(value) = metadata.get("bn_eps") {
            self.family.bn_epsilon = (value.trim().parse().ok())
                .filter(|epsilon: &f64| epsilon.is_finite() && *epsilon > 0.0)
                .ok_or_else(|| error("bn_eps", value, "a positive number"))?;
        }
        if let Some(value) = metadata.get("padding") {
            self.family.padding = Padding::from_metadata(value)
                .ok_or_else(|| error("padding", value, "\"TF SAME\" or \"symmetric\""))?;
        }
        if let Some(value) = metadata.get("mean") {
            self.mean = serde_json::from_str(value)
                .map_err(|_| error("mean", value, "a list of 3 numbers"))?;
        }
        if let Some(value) = metadata.get("std") {
            self.std = (serde_json::from_str(value).ok())
                .filter(|std: &[f32; 3]| std.iter().all(|s| *s > 0.0))
                .ok_or_else(|| error("std", value, "a list of 3 positive numbers"))?;
        }
        if let Some(value) = metadata.get("source") {
            self.source.clone_from(value);
        }
        Ok(())
    }
}

fn extension(path: &Path) -> Option<String> {
    Some(path.extension()?.to_str()?.to_ascii_lowercase())
}

fn file_name(path: &Path) -> String {
    let name = path.file_name().unwrap_or(path.as_os_str());
    name.to_string_lossy().into_owned()
}
