//! What a provider that does not work is missing.

use crate::error::one_line;
use crate::{Provider, RuntimeInfo};

/// Why a GPU's `provider` does not work, from ONNX Runtime's message; names the
/// missing library.
pub(crate) fn explain(provider: Provider, message: &str, runtime: &RuntimeInfo) -> String {
    let (built, library) = match provider {
        Provider::TensorRt => (
            runtime.tensorrt_build,
            "libonnxruntime_providers_tensorrt.so",
        ),
        Provider::Cpu | Provider::Cuda => (runtime.cuda_build, "libonnxruntime_providers_cuda.so"),
    };
    if !built {
        let kind = if runtime.cuda_build {
            "build without TensorRT"
        } else {
            "CPU build"
        };
        return format!(
            "{} is a {kind} of ONNX Runtime (no {library})",
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

    fn runtime(gpu_build: bool) -> RuntimeInfo {
        RuntimeInfo {
            path: "lib/libonnxruntime.so".into(),
            version: "1.28.0".into(),
            cuda_build: gpu_build,
            tensorrt_build: gpu_build,
        }
    }

    #[test]
    fn a_cpu_build_is_named_as_such() {
        for (provider, library) in [
            (Provider::Cuda, "libonnxruntime_providers_cuda.so"),
            (Provider::TensorRt, "libonnxruntime_providers_tensorrt.so"),
        ] {
            let message = "the execution provider is not enabled in this build.";
            assert_eq!(
                explain(provider, message, &runtime(false)),
                format!("lib/libonnxruntime.so is a CPU build of ONNX Runtime (no {library})")
            );
        }
    }

    #[test]
    fn the_missing_library_is_named() {
        let message = "Failed to load library libonnxruntime_providers_cuda.so with error: \
                       libcublasLt.so.12: cannot open shared object file: No such file or directory";
        assert_eq!(
            explain(Provider::Cuda, message, &runtime(true)),
            "the shared library libcublasLt.so.12 was not found"
        );
    }

    #[test]
    fn any_other_reason_is_passed_on_in_one_line() {
        let message = "CUDA failure 100: no CUDA-capable device is detected ;\n GPU=-1";
        assert_eq!(
            explain(Provider::Cuda, message, &runtime(true)),
            "CUDA failure 100: no CUDA-capable device is detected ; GPU=-1"
        );
    }
}
