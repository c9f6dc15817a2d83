//! Execution providers: what a session runs on, one file a provider.

pub(crate) mod cpu;
pub(crate) mod cuda;
mod gpu;
mod missing;
mod tensorrt;

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use contract::Contract;
use ort::ep::ExecutionProviderDispatch;

pub use gpu::GpuOptions;
pub(crate) use missing::explain;

/// What the caller wants the model to run on.
///
/// ```
/// use infer::Device;
///
/// assert_eq!("cuda".parse(), Ok(Device::Cuda));
/// let error = "gpu".parse::<Device>().unwrap_err();
/// assert_eq!(error.to_string(), "unknown device `gpu`, expected auto, cpu, cuda or tensorrt");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Device {
    /// CUDA if it works, else the CPU;
    /// [`Classifier::fallback_reason`](crate::Classifier::fallback_reason)
    /// says why.
    #[default]
    Auto,
    /// The CPU.
    Cpu,
    /// The first CUDA GPU, or an error.
    Cuda,
    /// TensorRT on the first CUDA GPU, or an error. It compiles the network for
    /// the GPU, which takes minutes: see [`GpuOptions::engine_cache`].
    TensorRt,
}

/// A text that names no [`Device`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unknown device `{0}`, expected auto, cpu, cuda or tensorrt")]
pub struct ParseDeviceError(String);

impl FromStr for Device {
    type Err = ParseDeviceError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "auto" => Ok(Self::Auto),
            "cpu" => Ok(Self::Cpu),
            "cuda" => Ok(Self::Cuda),
            "tensorrt" => Ok(Self::TensorRt),
            other => Err(ParseDeviceError(other.to_owned())),
        }
    }
}

impl fmt::Display for Device {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Auto => "auto",
            Self::Cpu => "cpu",
            Self::Cuda => "cuda",
            Self::TensorRt => "tensorrt",
        })
    }
}

/// The execution provider that really runs the model. `Display` gives ONNX
/// Runtime's name for it.
///
/// ```
/// assert_eq!(infer::Provider::Cpu.to_string(), "CPUExecutionProvider");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Provider {
    /// "CPUExecutionProvider"
    Cpu,
    /// "CUDAExecutionProvider"
    Cuda,
    /// "TensorrtExecutionProvider"
    TensorRt,
}

impl fmt::Display for Provider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Cpu => "CPUExecutionProvider",
            Self::Cuda => "CUDAExecutionProvider",
            Self::TensorRt => "TensorrtExecutionProvider",
        })
    }
}

impl Provider {
    /// Sessions to open when the caller does not say.
    pub(crate) fn default_sessions(self) -> usize {
        match self {
            Self::Cpu => cpu::default_sessions(),
            Self::Cuda | Self::TensorRt => cuda::DEFAULT_SESSIONS,
        }
    }

    /// Images that are handed to one run when the caller does not say.
    pub(crate) fn default_batch_size(self, contract: &Contract) -> usize {
        match self {
            Self::Cpu => cpu::default_batch_size(contract),
            Self::Cuda | Self::TensorRt => cuda::DEFAULT_BATCH_SIZE,
        }
    }

    /// How long a batch of the queue waits for more images when the caller does
    /// not say.
    pub(crate) fn default_max_wait(self) -> Duration {
        match self {
            Self::Cpu => cpu::DEFAULT_MAX_WAIT,
            Self::Cuda | Self::TensorRt => cuda::DEFAULT_MAX_WAIT,
        }
    }

    /// Most images that `classify_batch` hands to one run.
    pub(crate) fn max_batch_size(self, contract: &Contract) -> usize {
        match self {
            Self::Cpu => cpu::default_batch_size(contract),
            Self::Cuda | Self::TensorRt => cuda::MAX_BATCH_SIZE,
        }
    }

    /// `ort`'s description of the provider, which fails loudly, and of those
    /// that run what it does not know.
    pub(crate) fn dispatch(self, gpu: &GpuOptions) -> Vec<ExecutionProviderDispatch> {
        match self {
            Self::Cpu => vec![cpu::dispatch()],
            Self::Cuda => vec![cuda::dispatch(gpu)],
            // TensorRT records its own kernels; CUDA is for what it does not know.
            Self::TensorRt => vec![
                tensorrt::dispatch(gpu),
                cuda::dispatch(&GpuOptions::default()),
            ],
        }
    }

    /// Whether it runs on a GPU.
    pub(crate) fn is_gpu(self) -> bool {
        self != Self::Cpu
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn device_names_round_trip() {
        for device in [Device::Auto, Device::Cpu, Device::Cuda, Device::TensorRt] {
            assert_eq!(device.to_string().parse(), Ok(device));
        }
        let error = "gpu".parse::<Device>().unwrap_err();
        assert_eq!(
            error.to_string(),
            "unknown device `gpu`, expected auto, cpu, cuda or tensorrt"
        );
    }
}
