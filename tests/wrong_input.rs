//! Wrong input: each ends with one clear line, a hint and a non-zero exit code.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "wrong_input/command_line.rs"]
mod command_line;
#[path = "wrong_input/data.rs"]
mod data;
#[path = "wrong_input/models.rs"]
mod models;
#[path = "wrong_input/places.rs"]
mod places;
#[path = "wrong_input/weights.rs"]
mod weights;

use std::path::Path;
use std::process::Output;

use end_to_end::{run, trainer};

/// `trainer fit` with fresh weights and `args`, which are to make it fail
/// before it trains.
fn fit(cwd: &Path, args: &[&str]) -> Output {
    fit_from(cwd, "none", args)
}

/// The same from a weights file.
fn fit_from(cwd: &Path, weights: &str, args: &[&str]) -> Output {
    let small = [
        "fit",
        "--image-size",
        "32",
        "--epochs",
        "1",
        "--weights",
        weights,
    ];
    run(&mut trainer(cwd, &[&small[..], args].concat()))
}
