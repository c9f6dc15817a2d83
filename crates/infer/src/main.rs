//! `infer`: evaluates, inspects and runs image classifiers exported by
//! `trainer`. See `infer --help`.
//!
//! - `cli`: the arguments and the three commands;
//! - `cli::eval`: `infer eval`, scores over a data set;
//! - `cli::inspect`: `infer inspect`, the contract of a model;
//! - `cli::predict`: `infer predict`, the top classes of image files.

mod cli;

use std::process::ExitCode;

fn main() -> ExitCode {
    cli::main()
}
