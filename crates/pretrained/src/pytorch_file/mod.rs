//! `.pth` and `.pt` files: state dicts, checkpoints and whole models saved by `torch.save`.

mod container;

use std::collections::HashMap;
use std::path::Path;

use contract::fs::open_regular;
use pytorch_reader::{DType, PytorchReader, Tensor};

use crate::error::{PretrainedError, one_line};
use crate::names::select;
use crate::tensor::{Float, NamedTensor, NamedTensors};

/// Reads the tensors under timm's names. No code of the file is run: the pickle is only
/// parsed. Together they are no larger than the file, which is checked before one is read.
pub(crate) fn read(path: &Path) -> Result<NamedTensors, PretrainedError> {
    let malformed = |reason: String| PretrainedError::Malformed {
        path: path.to_path_buf(),
        format: "PyTorch",
        reason,
    };
    // The reader's own message for a missing file does not name it.
    let file = open_regular(path).map_err(PretrainedError::io("read", path))?;
    let metadata = file.metadata();
    let length = metadata.map_err(PretrainedError::io("read", path))?.len();
    container::check(&file).map_err(malformed)?;
    let reader = PytorchReader::new(path).map_err(|e| malformed(one_line(e)))?;
    let found = reader.tensors();
    let names = found.keys().map(String::as_str);
    let selected = select(names).map_err(|name| PretrainedError::DuplicateName {
        path: path.to_path_buf(),
        name,
    })?;
    check_sizes(selected.values().copied(), found, length).map_err(malformed)?;
    let mut tensors = NamedTensors::new();
    for (timm, name) in selected {
        let tensor = &found[name];
        let float = float(tensor.dtype()).ok_or_else(|| PretrainedError::NotFloat {
            path: path.to_path_buf(),
            tensor: name.to_owned(),
            dtype: format!("{:?}", tensor.dtype()),
        })?;
        let bytes = tensor.read().map_err(|e| malformed(one_line(e)))?;
        let tensor = NamedTensor {
            shape: tensor.shape().to_vec(),
            values: float.decode(&bytes),
        };
        tensors.insert(timm, tensor);
    }
    Ok(tensors)
}

/// Checks that the tensors called `names` have as many bytes as a file of `length` bytes can hold.
/// A view may have any number from a few: strides of 0 repeat them, and views may overlap.
fn check_sizes<'a>(
    names: impl Iterator<Item = &'a str>,
    tensors: &HashMap<String, Tensor>,
    length: u64,
) -> Result<(), String> {
    let mut left = length;
    for name in names {
        let tensor = &tensors[name];
        left = left.checked_sub(tensor.byte_len() as u64).ok_or_else(|| {
            format!(
                "the file has {length} bytes and its tensors more: {name} of shape {:?} is a view \
                 that repeats what is stored",
                tensor.shape()
            )
        })?;
    }
    Ok(())
}

fn float(dtype: DType) -> Option<Float> {
    match dtype {
        DType::F16 => Some(Float::F16),
        DType::BF16 => Some(Float::Bf16),
        DType::F32 => Some(Float::F32),
        DType::F64 => Some(Float::F64),
        _ => None,
    }
}
