//! A file line by line, for messages that say where.

use std::io::{BufRead, Read as _};
use std::path::{Path, PathBuf};

use contract::fs::RunningSha256;
use serde::de::DeserializeOwned;

use super::ShardError;
use crate::error::one_line;

/// Longest line: more than the logits of a million classes.
const MAX_LINE: u64 = 16 << 20;

/// The lines of a file, numbered from 1.
#[derive(Debug)]
pub(super) struct Lines<R> {
    reader: R,
    pub path: PathBuf,
    number: usize,
    bytes: Vec<u8>,
    /// Of the lines that were read.
    sha256: RunningSha256,
}

impl<R: BufRead> Lines<R> {
    pub fn new(path: &Path, reader: R) -> Self {
        Self {
            reader,
            path: path.to_path_buf(),
            number: 0,
            bytes: Vec::new(),
            sha256: RunningSha256::default(),
        }
    }

    /// The next line without its end; `None` at the end of the file, and where
    /// the last line has no end: it was cut off.
    pub fn next(&mut self) -> Result<Option<&[u8]>, ShardError> {
        self.bytes.clear();
        self.number += 1;
        let read = (&mut self.reader)
            .take(MAX_LINE)
            .read_until(b'\n', &mut self.bytes);
        match read {
            Err(source) => Err(ShardError::Read {
                path: self.path.clone(),
                source,
            }),
            Ok(_) if self.bytes.len() as u64 == MAX_LINE => {
                Err(self.wrong(format!("longer than {} MiB", MAX_LINE >> 20)))
            }
            Ok(_) => {
                self.sha256.update(&self.bytes);
                Ok(self.bytes.strip_suffix(b"\n"))
            }
        }
    }

    /// SHA-256 of the lines so far, in lower-case hexadecimal.
    pub fn sha256(&self) -> String {
        self.sha256.hex()
    }

    /// Whether nothing is left, not even a line without end.
    pub fn at_end(&mut self) -> Result<bool, ShardError> {
        Ok(self.next()?.is_none() && self.bytes.is_empty())
    }

    pub fn parse<T: DeserializeOwned>(&mut self) -> Result<Option<T>, ShardError> {
        let parsed = match self.next()? {
            None => return Ok(None),
            Some(line) => serde_json::from_slice(line),
        };
        parsed
            .map(Some)
            .map_err(|error| self.wrong(error.to_string()))
    }

    pub fn wrong(&self, reason: impl AsRef<str>) -> ShardError {
        ShardError::Line {
            path: self.path.clone(),
            line: self.number,
            // It may quote the line.
            reason: one_line(reason.as_ref()),
        }
    }

    pub fn truncated(&self, found: usize, expected: usize) -> ShardError {
        ShardError::Truncated {
            path: self.path.clone(),
            found,
            expected,
        }
    }
}
