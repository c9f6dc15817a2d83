//! The CPU provider (MLAS).

use std::thread;
use std::time::Duration;

use ort::ep::{CPU, ExecutionProviderDispatch};

/// A batch gains next to nothing on a CPU and costs activation memory; a few
/// images hide the cost of the call.
pub(super) const DEFAULT_BATCH_SIZE: usize = 4;

/// A session that waits for a fuller batch only loses time.
pub(super) const DEFAULT_MAX_WAIT: Duration = Duration::ZERO;

/// Bounds the memory of `classify_batch`: EfficientNet-B0's activations take
/// about 25 MB an image at 224 px.
pub(super) const MAX_BATCH_SIZE: usize = 8;

/// One session a core with one thread each: more images a second than one
/// session with many threads, which wait for each other in every small layer.
pub(super) fn default_sessions() -> usize {
    thread::available_parallelism().map_or(1, usize::from)
}

/// The provider with its arena, which reuses activation memory between runs.
pub(super) fn dispatch() -> ExecutionProviderDispatch {
    CPU::default()
        .with_arena_allocator(true)
        .build()
        .error_on_failure()
}
