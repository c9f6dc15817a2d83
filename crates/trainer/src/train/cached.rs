//! Computed rows of numbers on disk: a safetensors file, named by the hash of all they
//! depend on.

use std::{collections::HashMap, path::Path};

use contract::fs::sha256_hex;
use pretrained::{Family, NamedTensors};
use safetensors::{
    SafeTensors,
    tensor::{Dtype, TensorView},
};

use super::Features;
use crate::error::TrainError;

const TENSOR: &str = "features";
const KEY: &str = "key";

/// The rows in the file at `path` if they answer to `key` and have the expected size, else
/// those that `compute` gives, which are then kept.
///
/// # Errors
/// `compute` fails, or the file cannot be written.
pub fn cached_rows(
    path: &Path,
    key: &str,
    rows: usize,
    width: usize,
    compute: impl FnOnce() -> Result<Features, TrainError>,
) -> Result<Features, TrainError> {
    if let Some(found) = read(path, key, rows, width) {
        return Ok(found);
    }
    let computed = compute()?;
    write(path, key, &computed)?;
    Ok(computed)
}

/// Hash of a network's tensors but the last layer's.
pub fn hash_tensors(tensors: &NamedTensors, family: Family) -> String {
    let mut bytes = format!("{family:?}").into_bytes();
    for (name, tensor) in tensors {
        if !name.starts_with("classifier.") {
            bytes.extend(name.as_bytes());
            bytes.extend(tensor.values.iter().flat_map(|value| value.to_le_bytes()));
        }
    }
    sha256_hex(&bytes)
}

/// The features in the file at `path`, or `None` where there are none that
/// answer to `key` and have the expected size: they are then computed again.
fn read(path: &Path, key: &str, images: usize, width: usize) -> Option<Features> {
    let file = std::fs::read(path).ok()?;
    let (_, header) = SafeTensors::read_metadata(&file).ok()?;
    let found = header.metadata().as_ref()?.get(KEY)?;
    let tensors = SafeTensors::deserialize(&file).ok()?;
    let tensor = tensors.tensor(TENSOR).ok()?;
    if found != key || tensor.dtype() != Dtype::F32 || tensor.shape() != [images, width] {
        return None;
    }
    let (values, _) = tensor.data().as_chunks::<4>();
    Some(Features {
        values: values.iter().copied().map(f32::from_le_bytes).collect(),
        width,
    })
}

/// Writes features, whole or not at all.
fn write(path: &Path, key: &str, features: &Features) -> Result<(), TrainError> {
    let bytes: Vec<u8> = features
        .values
        .iter()
        .flat_map(|value| value.to_le_bytes())
        .collect();
    let shape = vec![features.values.len() / features.width, features.width];
    let metadata = HashMap::from([(KEY.to_owned(), key.to_owned())]);
    let file = TensorView::new(Dtype::F32, shape, &bytes)
        .and_then(|view| safetensors::serialize([(TENSOR, view)], Some(metadata)))
        .map_err(std::io::Error::other)
        .map_err(TrainError::io("write", path))?;
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder).map_err(TrainError::io("create", folder))?;
    }
    contract::fs::write_atomically(path, &file).map_err(TrainError::io("write", path))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_same_key_and_size_come_back() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("new/features.safetensors");
        let features = Features {
            values: vec![1.0, -2.0, 3.5, 0.0, 5.0, 6.0],
            width: 3,
        };
        assert_eq!(read(&path, "a", 2, 3), None);
        write(&path, "a", &features).unwrap();
        assert_eq!(read(&path, "a", 2, 3), Some(features));
        assert_eq!(read(&path, "b", 2, 3), None);
        assert_eq!(read(&path, "a", 3, 2), None);
        let whole = std::fs::read(&path).unwrap();
        std::fs::write(&path, &whole[..whole.len() - 1]).unwrap();
        assert_eq!(read(&path, "a", 2, 3), None);
    }
}
