//! The CUDA provider.

use std::time::Duration;

use ort::ep::cuda::ConvAlgorithmSearch;
use ort::ep::{CUDA, ExecutionProviderDispatch};

use super::GpuOptions;

/// One session keeps a GPU busy if its batches are large enough.
pub(super) const DEFAULT_SESSIONS: usize = 1;

/// Large enough to fill a GPU, small enough for 4 GB of memory.
pub(super) const DEFAULT_BATCH_SIZE: usize = 64;

/// A little latency for fuller batches.
pub(super) const DEFAULT_MAX_WAIT: Duration = Duration::from_millis(2);

/// Bounds the GPU memory of `classify_batch`.
pub(super) const MAX_BATCH_SIZE: usize = 256;

/// The first GPU, in full float32: TensorFloat-32, which ONNX Runtime turns on
/// by itself, has 10 bits of mantissa.
///
/// cuDNN's algorithms are chosen by heuristics: the default, an exhaustive
/// search, is repeated for every new batch size.
pub(super) fn dispatch(gpu: &GpuOptions) -> ExecutionProviderDispatch {
    CUDA::default()
        .with_conv_algorithm_search(ConvAlgorithmSearch::Heuristic)
        .with_tf32(false)
        .with_cuda_graph(gpu.cuda_graphs)
        .build()
        .error_on_failure()
}
