//! The TensorRT provider.

use ort::ep::{ExecutionProviderDispatch, TensorRT};

use super::GpuOptions;

/// The first GPU. An engine is compiled for each range of batch sizes.
pub(super) fn dispatch(gpu: &GpuOptions) -> ExecutionProviderDispatch {
    let mut provider = TensorRT::default()
        .with_fp16(gpu.fp16)
        .with_cuda_graph(gpu.cuda_graphs);
    if let Some(folder) = &gpu.engine_cache {
        provider = provider
            .with_engine_cache(true)
            .with_engine_cache_path(folder.display())
            .with_timing_cache(true)
            .with_timing_cache_path(folder.display());
    }
    provider.build().error_on_failure()
}
