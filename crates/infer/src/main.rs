//! `infer`: evaluates, inspects and runs image classifiers exported by
//! `trainer`. See `infer --help`.
//!
//! - `cli`: the arguments and the commands;
//! - `cli::eval`: `infer eval`, scores over a data set;
//! - `cli::bench`: `infer bench`, how fast a model runs here;
//! - `cli::compare`: `infer compare`, two models on the same images;
//! - `cli::inspect`: `infer inspect`, the contract of a model;
//! - `cli::predict`: `infer predict`, the top classes of images;
//! - `cli::manual`: `infer completions` and `infer man`.

mod cli;

use std::process::ExitCode;

fn main() -> ExitCode {
    cli::main()
}
