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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ModelFile;

    #[test]
    fn the_larger_the_images_the_fewer_in_a_run() {
        let bytes = include_bytes!("../../tests/fixtures/digits.onnx");
        let model = ModelFile::from_bytes(bytes.to_vec()).unwrap();
        let batch_size = |side| {
            let mut contract = model.contract().clone();
            contract.preprocessing.height = side;
            contract.preprocessing.width = side;
            default_batch_size(&contract)
        };
        let found = [8, 64, 96, 128, 160, 224, 600].map(batch_size);
        assert_eq!(found, [16, 16, 8, 4, 2, 1, 1]);
    }
}
