//! Runs image classifiers exported by `trainer` through ONNX Runtime.
//!
//! An exported ONNX file is self-describing: its metadata hold the
//! [model contract](contract::Contract) (classes, input size, preprocessing),
//! and the preprocessing itself is part of the graph. So a caller hands over
//! uint8 RGB pixels and receives probabilities:
//!
//! ```no_run
//! use std::path::Path;
//! use infer::{Classifier, Device};
//!
//! # fn main() -> Result<(), infer::InferError> {
//! let classifier = Classifier::builder()
//!     .device(Device::Auto)
//!     .from_file(Path::new("model.onnx"))?;
//! let pixels = vec![0u8; classifier.contract().input_len()];
//! let classification = classifier.classify_pixels(&pixels)?;
//! for (class, probability) in classification.top(5) {
//!     println!("{:6.2} %  {}", 100.0 * probability, classifier.contract().classes[class]);
//! }
//! # Ok(())
//! # }
//! ```
//!
//! - [`Classifier`]: the sessions of one model, shared between threads by
//!   cloning.
//! - [`evaluate`]: loss, top-1, top-5 and per-class scores over a data set.
//! - [`predict`]: any number of pictures ([`find_pictures`]), one answer each.
//! - [`compare`]: two models on the same images.
//! - [`bench()`]: load time, latency, throughput and memory of a model.
//! - [`ModelFile`]: an ONNX file and its contract, read without ONNX Runtime.
//!
//! The ONNX Runtime shared library is found and loaded when the first
//! classifier is built; [`RuntimeInfo`] says which one it was.

#![cfg_attr(
    test,
    expect(clippy::unwrap_used, reason = "a test fails by panicking")
)]

mod bench;
mod builder;
mod classification;
mod classifier;
mod compare;
mod error;
mod evaluate;
mod input;
mod model_file;
mod pool;
mod predict;
mod providers;
mod runtime;
mod session;

pub use bench::{BenchOptions, BenchReport, Latency, LoadTimes, Noise, Throughput, bench};
pub use builder::ClassifierBuilder;
pub use classification::Classification;
pub use classifier::Classifier;
pub use compare::{CompareOptions, Comparison, Disagreement, LogitDifference, Speed, compare};
pub use error::InferError;
pub use evaluate::{EvaluateOptions, EvaluationOutcome, EvaluationTimes, Prediction, evaluate};
pub use input::{FindOptions, MAX_STREAM_BYTES, Picture, Pictures, find_in_folder, find_pictures};
pub use model_file::ModelFile;
pub use predict::{PictureAnswer, PredictOptions, predict};
pub use providers::{Device, ParseDeviceError, Provider};
pub use runtime::{RuntimeInfo, load_runtime};
