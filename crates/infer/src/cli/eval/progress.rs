//! The progress bar of an evaluation.

use std::fmt;

use indicatif::{ProgressBar, ProgressState, ProgressStyle};

use crate::cli::Verbosity;

/// A bar on stderr that begins with `what`; hidden by `--quiet` and, by
/// indicatif, where stderr is no terminal.
pub fn bar(what: &'static str, images: usize, verbosity: Verbosity) -> ProgressBar {
    if verbosity == Verbosity::Quiet {
        return ProgressBar::hidden();
    }
    let rate = |state: &ProgressState, text: &mut dyn fmt::Write| {
        let _ = write!(text, "{:.0} img/s", state.per_sec());
    };
    let style = ProgressStyle::with_template("{msg}{wide_bar} {pos}/{len}, {rate}, {eta} left")
        .unwrap_or_else(|_| ProgressStyle::default_bar())
        .with_key("rate", rate);
    ProgressBar::new(images as u64)
        .with_style(style)
        .with_message(what)
}
