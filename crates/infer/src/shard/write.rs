//! Writing a shard file.

use std::io::{self, Write};

use super::ShardHeader;
use super::line::{ImageLine, ShardTimes};
use crate::Answer;

/// Writes a shard file: the images of the validation split, then those that are
/// evaluated, each in the split's order, then the times.
#[derive(Debug)]
pub struct ShardWriter<W> {
    writer: W,
}

impl<W: Write> ShardWriter<W> {
    /// Writes the header.
    ///
    /// # Errors
    /// Those of the writer.
    pub fn new(mut writer: W, header: &ShardHeader) -> io::Result<Self> {
        write_line(&mut writer, header)?;
        Ok(Self { writer })
    }

    /// Writes the next image.
    ///
    /// # Errors
    /// Those of the writer.
    pub fn write(&mut self, answer: &Answer<'_>) -> io::Result<()> {
        write_line(&mut self.writer, &ImageLine::new(answer))
    }

    /// Writes the times and gives the writer back.
    ///
    /// # Errors
    /// Those of the writer.
    pub fn finish(mut self, times: ShardTimes) -> io::Result<W> {
        write_line(&mut self.writer, &times)?;
        Ok(self.writer)
    }
}

fn write_line(writer: &mut impl Write, line: &impl serde::Serialize) -> io::Result<()> {
    serde_json::to_writer(&mut *writer, line)?;
    writer.write_all(b"\n")
}
