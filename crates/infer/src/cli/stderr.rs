//! Lines on stderr. Nothing fails, stops or waits because they cannot be written:
//! the reader may have gone, the disk may be full.

use std::fmt;
use std::io::{self, Write};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use anstream::AutoStream;
use crossbeam_channel::{Receiver, Sender, bounded};

/// Lines that wait for a reader who does not read.
const WAITING: usize = 1024;
/// How long the end of the program waits for the last lines to be taken.
const LAST_LINES: Duration = Duration::from_secs(1);

/// Where lines go; stderr itself unless a [`Log`] was started.
static LOG: OnceLock<Log> = OnceLock::new();

/// Writes a line, without colours where they are not wanted.
pub fn say(line: fmt::Arguments<'_>) {
    let choice = AutoStream::choice(&io::stderr());
    let mut text = AutoStream::new(Vec::new(), choice);
    let _ = writeln!(text, "{line}");
    write(text.into_inner());
}

/// Lets a thread of its own write from now on, so that whoever says something goes on
/// while stderr is a pipe that nobody empties.
pub fn write_in_background() {
    let (lines, waiting) = bounded(WAITING);
    let writer = thread::Builder::new().name("log".to_owned());
    if writer.spawn(move || write_all(&waiting)).is_ok() {
        let lost = AtomicU64::new(0);
        let _ = LOG.set(Log { lines, lost });
    }
}

/// Waits a moment for the lines to be written.
pub fn flush() {
    if let Some(log) = LOG.get() {
        let (done, written) = bounded(1);
        if log
            .lines
            .send_timeout(Entry::Done(done), LAST_LINES)
            .is_ok()
        {
            let _ = written.recv_timeout(LAST_LINES);
        }
    }
}

/// Stderr for a log that writes line by line.
pub struct Stderr;

impl Write for Stderr {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        write(bytes.to_vec());
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

struct Log {
    lines: Sender<Entry>,
    /// Lines for which there was no room.
    lost: AtomicU64,
}

enum Entry {
    Line(Vec<u8>),
    /// Everything before it was written.
    Done(Sender<()>),
}

fn write(line: Vec<u8>) {
    match LOG.get() {
        Some(log) => {
            if log.lines.try_send(Entry::Line(line)).is_err() {
                log.lost.fetch_add(1, Ordering::Relaxed);
            }
        }
        None => {
            let _ = io::stderr().write_all(&line);
        }
    }
}

fn write_all(entries: &Receiver<Entry>) {
    for entry in entries {
        match entry {
            Entry::Line(line) => {
                let lost = LOG
                    .get()
                    .map_or(0, |log| log.lost.swap(0, Ordering::Relaxed));
                if lost > 0 {
                    let _ = writeln!(io::stderr(), "{lost} line(s) of the log were lost here");
                }
                let _ = io::stderr().write_all(&line);
            }
            Entry::Done(done) => {
                let _ = done.send(());
            }
        }
    }
}
