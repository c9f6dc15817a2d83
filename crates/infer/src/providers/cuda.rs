//! The CUDA provider.

use std::time::Duration;

use ort::ep::cuda::ConvAlgorithmSearch;
use ort::ep::{CUDA, ExecutionProviderDispatch};

use crate::RuntimeInfo;
use crate::error::one_line;

/// One session keeps a GPU busy if its batches are large enough.
pub(super) const DEFAULT_SESSIONS: usize = 1;

/// Large enough to fill a GPU, small enough for 4 GB of memory.
pub(super) const DEFAULT_BATCH_SIZE: usize = 64;

/// A little latency for fuller batches.
pub(super) const DEFAULT_MAX_WAIT: Duration = Duration::from_millis(2);

/// Bounds the GPU memory of `classify_batch`.
pub(super) const MAX_BATCH_SIZE: usize = 256;

/// The first GPU, in full float32.
///
/// cuDNN's algorithms are chosen by heuristics: the default, an exhaustive
/// search, is repeated for every new batch size.
pub(super) fn dispatch() -> ExecutionProviderDispatch {
    CUDA::default()
        .with_conv_algorithm_search(ConvAlgorithmSearch::Heuristic)
        .build()
        .error_on_failure()
}

/// Why CUDA does not work, from ONNX Runtime's message; names the missing
/// library.
pub(crate) fn explain(message: &str, runtime: &RuntimeInfo) -> String {
    if !runtime.cuda_build {
        return format!(
            "{} is a CPU build of ONNX Runtime (no libonnxruntime_providers_cuda.so)",
            runtime.path.display()
        );
    }
    match missing_library(message) {
        Some(library) => format!("the shared library {library} was not found"),
        None => one_line(message),
    }
}

/// The library that the dynamic loader missed: the word before
/// ": cannot open shared object file" in its message.
fn missing_library(message: &str) -> Option<&str> {
    let (before, _) = message.split_once(": cannot open shared object file")?;
    let name = before.rsplit([' ', '/', ':']).next()?;
    (!name.is_empty()).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn runtime(cuda_build: bool) -> RuntimeInfo {
        RuntimeInfo {
            path: "lib/libonnxruntime.so".into(),
            version: "1.28.0".into(),
            cuda_build,
        }
    }

    #[test]
    fn a_cpu_build_is_named_as_such() {
        let reason = explain(
            "CUDA execution provider is not enabled in this build.",
            &runtime(false),
        );
        assert_eq!(
            reason,
            "lib/libonnxruntime.so is a CPU build of ONNX Runtime (no libonnxruntime_providers_cuda.so)"
        );
    }

    #[test]
    fn the_missing_library_is_named() {
        let message = "Failed to load library libonnxruntime_providers_cuda.so with error: \
                       libcublasLt.so.12: cannot open shared object file: No such file or directory";
        assert_eq!(
            explain(message, &runtime(true)),
            "the shared library libcublasLt.so.12 was not found"
        );
    }

    #[test]
    fn any_other_reason_is_passed_on_in_one_line() {
        let message = "CUDA failure 100: no CUDA-capable device is detected ;\n GPU=-1";
        assert_eq!(
            explain(message, &runtime(true)),
            "CUDA failure 100: no CUDA-capable device is detected ; GPU=-1"
        );
    }
}
