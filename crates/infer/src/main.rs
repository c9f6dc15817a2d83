//! `infer`: evaluates, inspects and runs image classifiers exported by
//! `trainer`. See `infer --help`.
//!
//! - `cli`: the arguments and the commands;
//! - `cli::eval`: `infer eval`, scores over a data set;
//! - `cli::merge`: `infer merge`, the report of an evaluation in shards;
//! - `cli::bench`: `infer bench`, how fast a model runs here;
//! - `cli::compare`: `infer compare`, two models on the same images;
//! - `cli::doctor`: `infer doctor`, what the machine has and lacks;
//! - `cli::inspect`: `infer inspect`, the contract of a model;
//! - `cli::predict`: `infer predict`, the top classes of images;
//! - `cli::serve`: `infer serve`, models over HTTP;
//! - `cli::manual`: `infer completions` and `infer man`.

#![warn(clippy::print_stdout, clippy::print_stderr)]
#![cfg_attr(
    test,
    expect(clippy::unwrap_used, reason = "a test fails by panicking")
)]

mod cli;

use std::process::ExitCode;

/// ONNX Runtime copies a model's weights several times to open it. mimalloc takes
/// that memory in large pages and keeps it, where glibc gives it back and asks for
/// it again, 4 KiB a page fault: half of the time to a first prediction. Its feature
/// `override` puts it under the shared library too.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    cli::main()
}
