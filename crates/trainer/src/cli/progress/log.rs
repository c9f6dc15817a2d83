//! The run's log: every line with its time.

use std::{
    fs::OpenOptions,
    io::Write,
    path::{Path, PathBuf},
    time::{SystemTime, UNIX_EPOCH},
};

/// Adds lines to a file. One that cannot be written is let go: a log is not
/// worth a run.
pub struct Log {
    path: PathBuf,
}

impl Log {
    pub fn new(path: &Path) -> Self {
        Self {
            path: path.to_owned(),
        }
    }

    pub fn add(&self, line: &str) {
        let seconds = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .map_or(0, |since| since.as_secs());
        let (hour, minute, second) = (seconds / 3600 % 24, seconds / 60 % 60, seconds % 60);
        let file = OpenOptions::new()
            .append(true)
            .create(true)
            .open(&self.path);
        if let Ok(mut file) = file {
            let line = format!("{hour:02}:{minute:02}:{second:02}Z {line}\n");
            let _ = file.write_all(line.as_bytes());
        }
    }
}
