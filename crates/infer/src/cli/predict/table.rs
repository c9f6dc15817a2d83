//! Answers as a table for people.

use std::io::{self, StdoutLock, Write as _};

use anstream::AutoStream;
use unicode_width::UnicodeWidthStr as _;

use super::answer::{FileAnswer, Writer};
use crate::cli::output::printable;
use crate::cli::style::BOLD;

const PROBABILITY: &str = "Probability";

/// One line a class, the best of each image with the file's name. The names
/// stand at the end, as in `du` and `sha256sum`: so the columns are known
/// before the first image is.
pub struct Table {
    stdout: AutoStream<StdoutLock<'static>>,
    class_width: usize,
    header_written: bool,
}

impl Table {
    /// For a model of these classes.
    pub fn new(classes: &[String]) -> Self {
        let widths = classes.iter().map(|class| printable(class).width());
        Self {
            stdout: AutoStream::auto(io::stdout().lock()),
            class_width: widths.max().unwrap_or(0).max("Class".len()),
            header_written: false,
        }
    }

    fn line(&self, probability: &str, class: &str, file: &str) -> String {
        // `{:<n}` counts characters, not columns.
        let gap = " ".repeat(self.class_width - class.width());
        let width = PROBABILITY.len();
        let line = format!("{probability:>width$}  {class}{gap}  {file}");
        line.trim_end().to_owned()
    }
}

impl Writer for Table {
    fn write(&mut self, answer: &FileAnswer) -> io::Result<()> {
        if !self.header_written && answer.error.is_none() {
            self.header_written = true;
            let header = self.line(PROBABILITY, "Class", "File");
            writeln!(self.stdout, "{BOLD}{header}{BOLD:#}")?;
        }
        for (i, class) in answer.top.iter().enumerate() {
            let file = if i == 0 {
                printable(&answer.file)
            } else {
                String::new()
            };
            let probability = format!("{:.2} %", 100.0 * class.probability);
            let line = self.line(&probability, &printable(class.class), &file);
            writeln!(self.stdout, "{line}")?;
        }
        Ok(())
    }
}
