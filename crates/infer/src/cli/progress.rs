//! Progress on stderr: hidden by `--quiet` and, by indicatif, where stderr is
//! no terminal.

use std::fmt;
use std::io::{IsTerminal as _, stdout};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressState, ProgressStyle};

use super::Verbosity;

/// A count of images whose number is not known. Also hidden where the results
/// themselves go to the terminal.
pub fn counter(verbosity: Verbosity) -> ProgressBar {
    if verbosity == Verbosity::Quiet || stdout().is_terminal() {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::new_spinner().with_style(style("{spinner} {pos} images, {rate}"));
    bar.enable_steady_tick(Duration::from_millis(200));
    bar
}

/// A bar over a known number of images that begins with `what`.
pub fn images(what: &'static str, images: usize, verbosity: Verbosity) -> ProgressBar {
    let style = style("{msg}{wide_bar} {pos}/{len}, {rate}, {eta} left");
    bar(images, verbosity).with_style(style).with_message(what)
}

/// A bar over a known number of steps.
pub fn bar(steps: usize, verbosity: Verbosity) -> ProgressBar {
    if verbosity == Verbosity::Quiet {
        return ProgressBar::hidden();
    }
    let style = style("{wide_bar} {pos}/{len}, {eta} left");
    ProgressBar::new(steps as u64).with_style(style)
}

fn style(template: &str) -> ProgressStyle {
    let rate = |state: &ProgressState, text: &mut dyn fmt::Write| {
        let _ = write!(text, "{:.0} img/s", state.per_sec());
    };
    ProgressStyle::with_template(template)
        .unwrap_or_else(|_| ProgressStyle::default_bar())
        .with_key("rate", rate)
}
