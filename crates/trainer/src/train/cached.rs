//! Computed rows of numbers on disk: a safetensors file, named by the hash of all they
//! depend on.

use std::{collections::HashMap, path::Path};

use contract::fs::sha256_hex;
use pretrained::{Family, NamedTensors, checksum};
use safetensors::tensor::{Dtype, TensorView};

use super::Features;
use crate::error::TrainError;

const TENSOR: &str = "features";
const KEY: &str = "key";

/// The rows in the file at `path` if they answer to `key` and have the expected size, else
/// those that `compute` gives, which are then kept. `damaged` is told of a file that is there
/// and cannot be used.
///
/// # Errors
/// `compute` fails, or the file cannot be written.
pub fn cached_rows(
    path: &Path,
    key: &str,
    rows: usize,
    width: usize,
    damaged: &dyn Fn(&Path),
    compute: impl FnOnce() -> Result<Features, TrainError>,
) -> Result<Features, TrainError> {
    match read(path, key, rows, width) {
        Kept::Whole(found) => return Ok(found),
        Kept::Damaged => damaged(path),
        Kept::Nothing => {}
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

/// What is kept in a file.
#[derive(Debug, PartialEq)]
enum Kept {
    Whole(Features),
    /// Not what was written.
    Damaged,
    /// No file, or one of something else.
    Nothing,
}

/// The features in the file at `path` if they answer to `key` and have the expected size.
fn read(path: &Path, key: &str, images: usize, width: usize) -> Kept {
    let Ok(file) = std::fs::read(path) else {
        return Kept::Nothing;
    };
    let Ok(opened) = checksum::open(&file) else {
        return Kept::Damaged;
    };
    let Ok(tensor) = opened.tensors.tensor(TENSOR) else {
        return Kept::Nothing;
    };
    let answers = opened.metadata.get(KEY).is_some_and(|found| found == key);
    if !answers || tensor.dtype() != Dtype::F32 || tensor.shape() != [images, width] {
        return Kept::Nothing;
    }
    let (values, _) = tensor.data().as_chunks::<4>();
    Kept::Whole(Features {
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
        .and_then(|view| checksum::seal(&[(TENSOR, view)], metadata))
        .map_err(std::io::Error::other)
        .map_err(TrainError::io("write", path))?;
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder).map_err(TrainError::io("create", folder))?;
    }
    contract::fs::write_atomically(path, &file).map_err(TrainError::io("write", path))
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use super::*;

    #[test]
    fn only_the_same_key_and_size_come_back() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("new/features.safetensors");
        let features = Features {
            values: vec![1.0, -2.0, 3.5, 0.0, 5.0, 6.0],
            width: 3,
        };
        assert_eq!(read(&path, "a", 2, 3), Kept::Nothing);
        write(&path, "a", &features).unwrap();
        assert_eq!(read(&path, "a", 2, 3), Kept::Whole(features));
        assert_eq!(read(&path, "b", 2, 3), Kept::Nothing);
        assert_eq!(read(&path, "a", 3, 2), Kept::Nothing);
        let whole = std::fs::read(&path).unwrap();
        std::fs::write(&path, &whole[..whole.len() - 1]).unwrap();
        assert_eq!(read(&path, "a", 2, 3), Kept::Damaged);
    }

    #[test]
    fn damaged_features_are_told_of_and_computed_again() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("features.safetensors");
        let features = Features {
            values: vec![1.0, 2.0, 3.0, 4.0],
            width: 2,
        };
        write(&path, "a", &features).unwrap();
        let mut bytes = std::fs::read(&path).unwrap();
        let end = bytes.len();
        bytes[end - 8..].fill(0);
        std::fs::write(&path, bytes).unwrap();
        let damaged = RefCell::new(Vec::new());
        let rows = || {
            let tell = |path: &Path| damaged.borrow_mut().push(path.to_owned());
            cached_rows(&path, "a", 2, 2, &tell, || Ok(features.clone())).unwrap()
        };
        assert_eq!(rows(), features);
        assert_eq!(rows(), features);
        assert_eq!(damaged.into_inner(), std::slice::from_ref(&path));
    }
}
