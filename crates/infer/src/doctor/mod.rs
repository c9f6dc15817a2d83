//! What a machine has, of what running a model needs.
//!
//! Each [`Check`] is one line for a person: what was found, or what is missing
//! and how to get it. `infer doctor` prints them all; `trainer doctor` adds what
//! training needs.

mod check;
mod inference;
mod libraries;
mod machine;
mod nvidia;
mod onnxruntime;

use std::path::Path;

use crate::Device;
pub use check::{Check, Status};
pub use inference::inference;
pub use libraries::{
    CUBLAS, CUBLAS_LT, CUDA_RUNTIME, CUDNN, CUFFT, CURAND, Library, TENSORRT, Version,
};
pub use machine::machine;
pub use nvidia::nvidia;
pub use onnxruntime::onnxruntime;

/// Everything that `infer` may need; `library` is as in
/// [`ClassifierBuilder::runtime`](crate::ClassifierBuilder::runtime). Loads ONNX
/// Runtime and whichever GPU libraries there are, and runs a tiny model on each
/// provider of the build.
///
/// The CPU path works unless a check has [`Status::Failed`].
///
/// ```
/// use infer::doctor::{self, Status};
///
/// let checks = doctor::all(None);
/// for check in &checks {
///     println!("{}: {}", check.name, check.found);
/// }
/// assert!(checks.iter().all(|check| check.status != Status::Failed));
/// ```
pub fn all(library: Option<&Path>) -> Vec<Check> {
    let mut checks = machine();
    let (runtime, mut found) = onnxruntime(library);
    checks.append(&mut found);
    let Some(runtime) = runtime else {
        return checks;
    };
    checks.push(inference(library, Device::Cpu));
    checks.extend(nvidia());
    checks.extend([CUDA_RUNTIME, CUBLAS_LT, CUBLAS, CURAND, CUFFT, CUDNN].map(Library::check));
    if runtime.cuda_build {
        checks.push(inference(library, Device::Cuda));
    }
    checks.push(TENSORRT.check());
    if runtime.tensorrt_build {
        checks.push(inference(library, Device::TensorRt));
    }
    checks
}
