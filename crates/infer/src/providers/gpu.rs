//! How a GPU is used.

use std::path::PathBuf;

/// Options of [`Device::Cuda`](crate::Device::Cuda) and
/// [`Device::TensorRt`](crate::Device::TensorRt); the CPU ignores them.
///
/// ```
/// use infer::{Classifier, Device, GpuOptions};
///
/// let builder = Classifier::builder()
///     .device(Device::TensorRt)
///     .gpu(GpuOptions {
///         fp16: true,
///         engine_cache: Some("data/engines".into()),
///         ..GpuOptions::default()
///     });
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct GpuOptions {
    /// Record the kernels of each batch size once and replay them
    /// (`enable_cuda_graph`, `trt_cuda_graph_enable`): less work for the
    /// processor, worth it for small batches.
    pub cuda_graphs: bool,
    /// Let TensorRT compute in float16 where that is faster
    /// (`trt_fp16_enable`). CUDA computes in the model's own precision.
    pub fp16: bool,
    /// Folder where TensorRT keeps what it compiled (`trt_engine_cache_path`,
    /// `trt_timing_cache_path`), for the next start; made if it is not there. An
    /// engine serves one GPU model, TensorRT version and ONNX file.
    pub engine_cache: Option<PathBuf>,
}
