//! `.safetensors` files.

use std::collections::BTreeMap;
use std::path::Path;

use safetensors::tensor::{Dtype, TensorView};

use crate::checksum::{self, OpenError};
use crate::error::{PretrainedError, one_line};
use crate::names::select;
use crate::tensor::{Float, NamedTensor, NamedTensors};

const FORMAT: &str = "safetensors";
/// Entry of the header that holds the file's metadata.
const METADATA: &str = "__metadata__";
/// Bytes of the header's length at the start of the file.
const LENGTH: usize = 8;

/// What a file holds, its tensors under timm's names.
pub(crate) struct Contents {
    pub(crate) tensors: NamedTensors,
    pub(crate) metadata: BTreeMap<String, String>,
    pub(crate) sha256: String,
}

pub(crate) fn read(path: &Path) -> Result<Contents, PretrainedError> {
    let bytes = std::fs::read(path).map_err(PretrainedError::io("read", path))?;
    let malformed = |reason: String| PretrainedError::Malformed {
        path: path.to_path_buf(),
        format: FORMAT,
        reason,
    };
    let opened = checksum::open(&bytes).map_err(|error| match error {
        OpenError::Malformed(reason) => malformed(reason),
        OpenError::Damaged => PretrainedError::Damaged {
            path: path.to_path_buf(),
        },
    })?;

    let views: BTreeMap<&str, TensorView> = opened.tensors.iter().collect();
    let selected =
        select(views.keys().copied()).map_err(|name| PretrainedError::DuplicateName {
            path: path.to_path_buf(),
            name,
        })?;
    let mut tensors = NamedTensors::new();
    for (timm, name) in selected {
        let view = &views[name];
        let float = float(view.dtype()).ok_or_else(|| PretrainedError::NotFloat {
            path: path.to_path_buf(),
            tensor: name.to_owned(),
            dtype: format!("{:?}", view.dtype()),
        })?;
        let tensor = NamedTensor {
            shape: view.shape().to_vec(),
            values: float.decode(view.data()),
        };
        tensors.insert(timm, tensor);
    }
    Ok(Contents {
        tensors,
        metadata: opened.metadata.into_iter().collect(),
        sha256: contract::fs::sha256_hex(&bytes),
    })
}

fn float(dtype: Dtype) -> Option<Float> {
    match dtype {
        Dtype::F16 => Some(Float::F16),
        Dtype::BF16 => Some(Float::Bf16),
        Dtype::F32 => Some(Float::F32),
        Dtype::F64 => Some(Float::F64),
        _ => None,
    }
}

/// The bytes of a file, the same for the same tensors and metadata.
///
/// # Errors
/// A tensor whose number of values is not the product of its shape, by the library's words.
pub(crate) fn to_bytes(
    tensors: &NamedTensors,
    metadata: &BTreeMap<String, String>,
) -> Result<Vec<u8>, String> {
    let data: Vec<(&str, &[usize], Vec<u8>)> = (tensors.iter())
        .map(|(name, tensor)| {
            let bytes = tensor.values.iter().flat_map(|v| v.to_le_bytes()).collect();
            (name.as_str(), tensor.shape.as_slice(), bytes)
        })
        .collect();
    let views = (data.iter())
        .map(|(name, shape, bytes)| {
            let view = TensorView::new(Dtype::F32, shape.to_vec(), bytes);
            view.map(|view| (*name, view))
                .map_err(|e| format!("{name}: {}", one_line(e)))
        })
        .collect::<Result<Vec<_>, _>>()?;
    let bytes = safetensors::serialize(views, None).map_err(one_line)?;
    sorted_header(&bytes, metadata)
}

/// Rewrites the header with sorted keys and the metadata: the library keeps metadata in a
/// hash map, whose order (and so the file's hash) would differ from run to run.
fn sorted_header(bytes: &[u8], metadata: &BTreeMap<String, String>) -> Result<Vec<u8>, String> {
    let (length, rest) = bytes
        .split_first_chunk::<LENGTH>()
        .ok_or("the file has no header")?;
    let length = usize::try_from(u64::from_le_bytes(*length)).map_err(one_line)?;
    let (header, data) = rest
        .split_at_checked(length)
        .ok_or("the header is cut short")?;
    let mut entries: BTreeMap<String, serde_json::Value> =
        serde_json::from_slice(header).map_err(one_line)?;
    let metadata = serde_json::to_value(metadata).map_err(one_line)?;
    entries.insert(METADATA.to_owned(), metadata);
    let mut header = serde_json::to_vec(&entries).map_err(one_line)?;
    // The format wants the data aligned to 8 bytes; blanks may pad the header.
    header.resize(header.len().next_multiple_of(LENGTH), b' ');
    let mut file = (header.len() as u64).to_le_bytes().to_vec();
    file.extend(header);
    file.extend(data);
    Ok(file)
}
