//! The CPU provider (MLAS).

use std::thread;
use std::time::Duration;

use contract::Contract;
use ort::ep::{CPU, ExecutionProviderDispatch};

/// Pixels that the network sees in one run: 8 images of 96 px. A layer's
/// activations of more than that leave the core's cache, fewer let the weights
/// be read more often than they need to be.
const PIXELS_A_RUN: usize = 8 * 96 * 96;

/// Most images in one run: the smallest ones gain nothing beyond.
const LARGEST_BATCH: usize = 16;

/// A session that waits for a fuller batch only loses time.
pub(super) const DEFAULT_MAX_WAIT: Duration = Duration::ZERO;

/// As many images of the network's size as one run is fastest with.
pub(super) fn default_batch_size(contract: &Contract) -> usize {
    let pixels = contract.preprocessing.height * contract.preprocessing.width;
    (PIXELS_A_RUN / pixels.max(1)).clamp(1, LARGEST_BATCH)
}

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
