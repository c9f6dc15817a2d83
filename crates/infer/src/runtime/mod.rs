//! Finding and loading the ONNX Runtime shared library.

mod load;
mod locate;

pub(crate) use load::{Runtime, load};
pub(crate) use locate::places;

use std::path::{Path, PathBuf};

use crate::InferError;

/// The ONNX Runtime library that this process loaded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RuntimeInfo {
    /// The shared library's path; a bare file name if the system's loader
    /// found it.
    pub path: PathBuf,
    /// Its version, for example "1.28.0".
    pub version: String,
    /// Whether it was built with the CUDA provider. True says nothing about
    /// the machine: the GPU, its driver or the CUDA libraries may be missing.
    pub cuda_build: bool,
    /// Whether it was built with the TensorRT provider; as for CUDA, that says
    /// nothing about the machine.
    pub tensorrt_build: bool,
}

/// Finds and loads ONNX Runtime, so that a program which needs it later fails
/// now if it is missing. `library` is as in [`crate::ClassifierBuilder::runtime`];
/// classifiers built afterwards use the library loaded here.
///
/// # Errors
/// `Runtime…` if it cannot be found or loaded.
///
/// ```
/// use infer::load_runtime;
///
/// # fn main() -> Result<(), infer::InferError> {
/// let runtime = load_runtime(None)?;
/// println!("ONNX Runtime {} from {}", runtime.version, runtime.path.display());
/// # Ok(())
/// # }
/// ```
pub fn load_runtime(library: Option<&Path>) -> Result<RuntimeInfo, InferError> {
    Ok(load(library)?.info)
}
