//! The last layer first, on features of the frozen network.
//!
//! A fresh last layer sends large, meaningless gradients into pretrained
//! weights; trained alone first, it does not. Its input is then the same in
//! every epoch: it is computed once, by ONNX Runtime, which is several times
//! faster than a training step, and kept on disk for the next run.

mod extract;
mod fit;

pub use extract::{FeatureSource, Features};
pub use fit::fit_head;
