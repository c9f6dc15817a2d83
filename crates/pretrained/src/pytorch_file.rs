//! `.pth` and `.pt` files: state dicts, checkpoints and whole models saved by `torch.save`.

use std::path::Path;

use pytorch_reader::{DType, PytorchReader};

use crate::error::{PretrainedError, one_line};
use crate::names::select;
use crate::tensor::{Float, NamedTensor, NamedTensors};

/// Reads the tensors under timm's names. No code of the file is run: the pickle is only
/// parsed.
pub(crate) fn read(path: &Path) -> Result<NamedTensors, PretrainedError> {
    let malformed = |reason: String| PretrainedError::Malformed {
        path: path.to_path_buf(),
        format: "PyTorch",
        reason,
    };
    // The reader's own message for a missing file does not name it.
    std::fs::metadata(path).map_err(PretrainedError::io("read", path))?;
    let reader = PytorchReader::new(path).map_err(|e| malformed(one_line(e)))?;
    let found = reader.tensors();
    let names = found.keys().map(String::as_str);
    let selected = select(names).map_err(|name| PretrainedError::DuplicateName {
        path: path.to_path_buf(),
        name,
    })?;
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

fn float(dtype: DType) -> Option<Float> {
    match dtype {
        DType::F16 => Some(Float::F16),
        DType::BF16 => Some(Float::Bf16),
        DType::F32 => Some(Float::F32),
        DType::F64 => Some(Float::F64),
        _ => None,
    }
}
