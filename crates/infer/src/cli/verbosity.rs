//! How much to say on stderr.

use tracing::level_filters::LevelFilter;

use super::output::printable;
use super::stderr::{self, Stderr, say};
use super::style::{HINT, WARNING};

/// From `-q` to `-vv`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verbosity {
    /// Warnings and errors only.
    Quiet,
    /// Notes and progress too.
    Normal,
    /// Also the log of the library and of ONNX Runtime, from level INFO on.
    Verbose,
    /// Also their DEBUG messages.
    Debug,
}

impl Verbosity {
    /// From the flags `-q` and `-v` (counted).
    pub fn new(quiet: bool, verbose: u8) -> Self {
        match (quiet, verbose) {
            (true, _) => Self::Quiet,
            (_, 0) => Self::Normal,
            (_, 1) => Self::Verbose,
            _ => Self::Debug,
        }
    }

    /// Sends the library's and ONNX Runtime's log to stderr, as far as it is
    /// wanted. A service has nothing but its log to tell of itself.
    pub fn start_log(self, service: bool) {
        if service {
            stderr::write_in_background();
        }
        let level = match self {
            Self::Quiet if service => LevelFilter::WARN,
            Self::Normal if service => LevelFilter::INFO,
            Self::Quiet | Self::Normal => return,
            Self::Verbose => LevelFilter::INFO,
            Self::Debug => LevelFilter::DEBUG,
        };
        let colour =
            anstream::AutoStream::choice(&std::io::stderr()) != anstream::ColorChoice::Never;
        tracing_subscriber::fmt()
            .with_max_level(level)
            .with_writer(|| Stderr)
            .with_ansi(colour)
            .without_time()
            .init();
    }

    /// Prints a line that only a curious person wants.
    pub fn detail(self, line: &str) {
        if self >= Self::Verbose {
            say(format_args!("{}", printable(line)));
        }
    }

    /// Prints a line worth knowing.
    pub fn note(self, line: &str) {
        if self != Self::Quiet {
            say(format_args!("{HINT}note:{HINT:#} {}", printable(line)));
        }
    }
}

/// Prints a line that `--quiet` does not keep back.
pub fn warn(line: &str) {
    say(format_args!(
        "{WARNING}warning:{WARNING:#} {}",
        printable(line)
    ));
}
