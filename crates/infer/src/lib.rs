//! Runs image classifiers exported by `trainer` through ONNX Runtime.
//!
//! An exported ONNX file is self-describing: its metadata hold the
//! [model contract](contract::Contract) (classes, input size, preprocessing),
//! and the preprocessing itself is part of the graph. So a caller hands over
//! image files, pictures or uint8 RGB pixels and receives probabilities:
//!
//! ```
//! use std::path::Path;
//! use infer::{Classifier, Device, Request};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let classifier = Classifier::builder()
//!     .device(Device::Auto)
//!     .from_file(Path::new("tests/fixtures/digits.onnx"))?;
//! let file = std::fs::read("tests/fixtures/awkward/plain.png")?;
//! let classification = classifier.classify(Request::encoded(file))?;
//! for (class, probability) in classification.top(5) {
//!     println!("{:6.2} %  {}", 100.0 * probability, classifier.contract().classes[class]);
//! }
//! # Ok(())
//! # }
//! ```
//!
//! - [`Classifier`]: one model, shared between threads and tasks by cloning;
//!   it answers a [`Request`] from any of them, and reports each [`Event`].
//! - [`evaluate`]: loss, top-1, top-5 and per-class scores over a data set.
//! - [`evaluate_each`]: its answers one by one; [`Shard`], [`ShardSet`]: a share
//!   of them in a file, and all shares put together again.
//! - [`predict`]: any number of pictures ([`find_pictures`]), one answer each.
//! - [`compare`]: two models on the same images.
//! - [`bench()`]: load time, latency, throughput and memory of a model.
//! - [`doctor`]: what the machine has, of what running a model needs.
//! - [`ModelFile`]: an ONNX file and its contract, read without ONNX Runtime.
//!
//! Features: `serve` adds [`serve`], the HTTP service; `report` adds [`results`], the
//! figures and the page of an evaluation; `cli` is what the program `infer` needs,
//! `report` included. All are on by default; a service that embeds the classifier
//! turns them off (`default-features = false`) and gets neither an async
//! runtime nor a command-line parser.
//!
//! The ONNX Runtime shared library is found and loaded when the first
//! classifier is built; [`RuntimeInfo`] says which one it was.

#![warn(clippy::print_stdout, clippy::print_stderr)]
#![cfg_attr(
    test,
    expect(clippy::unwrap_used, reason = "a test fails by panicking")
)]

mod bench;
mod builder;
mod classification;
mod classifier;
mod compare;
pub mod doctor;
mod engine;
mod error;
mod evaluate;
mod event;
mod input;
mod model_file;
mod pool;
mod predict;
mod providers;
mod queue;
mod request;
#[cfg(feature = "report")]
pub mod results;
mod runtime;
mod selection;
#[cfg(feature = "serve")]
pub mod serve;
mod session;
mod shard;

pub use bench::{BenchOptions, BenchReport, Latency, LoadTimes, Noise, Throughput, bench};
pub use builder::ClassifierBuilder;
pub use classification::Classification;
pub use classifier::Classifier;
pub use compare::{CompareOptions, Comparison, Disagreement, LogitDifference, Speed, compare};
pub use error::InferError;
pub use evaluate::{
    Answer, EvaluateOptions, EvaluationOutcome, EvaluationTimes, Prediction, RunningOutcome,
    evaluate, evaluate_each,
};
pub use event::{Event, Outcome};
pub use input::{FindOptions, MAX_STREAM_BYTES, Picture, Pictures, find_in_folder, find_pictures};
pub use model_file::ModelFile;
pub use predict::{PictureAnswer, PredictOptions, predict};
pub use providers::{Device, GpuOptions, ParseDeviceError, Provider};
pub use request::Request;
pub use runtime::{RuntimeInfo, load_runtime};
pub use shard::{
    ParseShardError, Part, RunFacts, RuntimeFacts, Shard, ShardError, ShardHeader, ShardReader,
    ShardSet, ShardTimes, ShardWriter, ShardedEvaluation, Validation, preprocessing_sha256,
};
