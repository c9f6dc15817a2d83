//! Answers as JSON lines.

use std::io::{self, StdoutLock, Write as _};

use super::answer::{FileAnswer, Writer};

/// One document a line.
pub struct JsonLines {
    stdout: StdoutLock<'static>,
}

impl JsonLines {
    pub fn new() -> Self {
        Self {
            stdout: io::stdout().lock(),
        }
    }
}

impl Writer for JsonLines {
    fn write(&mut self, answer: &FileAnswer) -> io::Result<()> {
        let mut line = serde_json::to_string(answer)?;
        line.push('\n');
        self.stdout.write_all(line.as_bytes())
    }
}
