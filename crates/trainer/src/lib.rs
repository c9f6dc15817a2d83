//! Fine-tune EfficientNet with burn and export it to ONNX.
//!
//! The data's way: a [`dataset::Dataset`] is split into [`train::TrainingData`],
//! changed by [`augment`] and batched by [`train::Loader`], [`train::fit`] trains the
//! [`model`] (with [`weights`] to start from) and leaves checkpoints in a
//! [`train::RunFolder`], and [`export`] makes a checked ONNX file of one.
#![warn(clippy::print_stdout, clippy::print_stderr)]
#![cfg_attr(test, expect(clippy::unwrap_used, reason = "a test may panic"))]

pub mod checkpoint;
pub mod device;
pub mod error;
pub mod export;
pub mod model;
pub mod suspects;
mod threads;
pub mod train;
pub mod weights;

pub use error::TrainError;
pub use threads::start_threads;
