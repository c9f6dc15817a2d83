//! Tests of the library and the program with a tiny model. Those that run it
//! need the ONNX Runtime library (`tools/onnxruntime.sh`) and fail without it.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod awkward;
mod bench;
mod classifier;
mod cli;
mod compare;
mod doctor;
mod eval;
mod evaluate;
mod kernel;
mod model_file;
mod predict;
mod queue;
#[cfg(all(unix, feature = "serve"))]
mod serve;
mod shards;
mod shell;
mod tiny;

use infer::{Classifier, ClassifierBuilder, Device};

/// The tiny model on the CPU.
fn open(builder: ClassifierBuilder) -> Classifier {
    builder
        .device(Device::Cpu)
        .from_bytes(tiny::model().to_bytes())
        .unwrap_or_else(|error| panic!("{error}\nhint: {}", error.hint().unwrap_or_default()))
}
