//! Answers as comma-separated values (RFC 4180).

use std::io::{self, StdoutLock};

use super::answer::{FileAnswer, Writer};
use crate::cli::output::csv_cell;

const HEADER: [&str; 6] = ["file", "rank", "index", "class", "probability", "error"];

/// A header, then one line a class shown; a refused image has one line with
/// nothing but its `error`.
pub struct Csv {
    writer: csv::Writer<StdoutLock<'static>>,
    header_written: bool,
}

impl Csv {
    pub fn new() -> Self {
        Self {
            writer: csv::Writer::from_writer(io::stdout().lock()),
            header_written: false,
        }
    }
}

impl Writer for Csv {
    fn write(&mut self, answer: &FileAnswer) -> io::Result<()> {
        if !self.header_written {
            self.writer.write_record(HEADER)?;
            self.header_written = true;
        }
        for (i, class) in answer.top.iter().enumerate() {
            self.writer.write_record([
                &csv_cell(&answer.file),
                (i + 1).to_string().as_str(),
                &class.index.to_string(),
                &csv_cell(class.class),
                &class.probability.to_string(),
                "",
            ])?;
        }
        if let Some(error) = &answer.error {
            self.writer.write_record([
                &csv_cell(&answer.file),
                "",
                "",
                "",
                "",
                &csv_cell(error),
            ])?;
        }
        // Whoever reads along sees each image as soon as it is done.
        self.writer.flush()
    }
}
