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

#![cfg_attr(
    test,
    expect(clippy::unwrap_used, reason = "a test fails by panicking")
)]

mod cli;

use std::process::ExitCode;

fn main() -> ExitCode {
    cli::main()
}
