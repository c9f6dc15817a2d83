//! Writing a shard file.

use std::io::{self, Write};

use contract::fs::RunningSha256;

use super::ShardHeader;
use super::line::{ChecksumLine, ImageLine, ShardTimes};
use crate::Answer;

/// Writes a shard file: the images of the validation split, then those that are
/// evaluated, each in the split's order, then the times and a checksum.
#[derive(Debug)]
pub struct ShardWriter<W> {
    writer: W,
    /// Of everything written so far.
    sha256: RunningSha256,
}

impl<W: Write> ShardWriter<W> {
    /// Writes the header.
    ///
    /// # Errors
    /// Those of the writer.
    pub fn new(writer: W, header: &ShardHeader) -> io::Result<Self> {
        let sha256 = RunningSha256::default();
        let mut shard = Self { writer, sha256 };
        shard.write_line(header)?;
        Ok(shard)
    }

    /// Writes the next image.
    ///
    /// # Errors
    /// Those of the writer.
    pub fn write(&mut self, answer: &Answer<'_>) -> io::Result<()> {
        self.write_line(&ImageLine::new(answer))
    }

    /// Writes the times and the checksum, and gives the writer back.
    ///
    /// # Errors
    /// Those of the writer.
    pub fn finish(mut self, times: ShardTimes) -> io::Result<W> {
        self.write_line(&times)?;
        let sha256 = self.sha256.hex();
        self.write_line(&ChecksumLine { sha256 })?;
        Ok(self.writer)
    }

    fn write_line(&mut self, line: &impl serde::Serialize) -> io::Result<()> {
        let mut line = serde_json::to_vec(line)?;
        line.push(b'\n');
        self.sha256.update(&line);
        self.writer.write_all(&line)
    }
}
