//! The signals that end or reload a service.

use std::future;
use std::io;
use std::process;

use tokio::signal::unix::{Signal, SignalKind, signal};

use super::INTERRUPTED;

/// Which signal ended the service.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// SIGTERM, from a service manager.
    Terminated,
    /// SIGINT, Ctrl-C.
    Interrupted,
}

/// The signals, taken over from the system's defaults. One that whoever started the service had
/// ignored, as `nohup` does SIGHUP, stays ignored.
pub struct Signals {
    terminate: Option<Signal>,
    interrupt: Option<Signal>,
    hang_up: Option<Signal>,
}

impl Signals {
    /// Takes the signals over.
    pub fn new() -> io::Result<Self> {
        Ok(Self {
            terminate: taken(signals::Signal::Terminate, SignalKind::terminate())?,
            interrupt: taken(signals::Signal::Interrupt, SignalKind::interrupt())?,
            hang_up: taken(signals::Signal::HangUp, SignalKind::hangup())?,
        })
    }

    /// Waits for a signal that ends the service; calls `reload` on each SIGHUP.
    pub async fn end(&mut self, reload: impl Fn()) -> End {
        loop {
            tokio::select! {
                () = next(&mut self.terminate) => return End::Terminated,
                () = next(&mut self.interrupt) => return End::Interrupted,
                () = next(&mut self.hang_up) => reload(),
            }
        }
    }

    /// Ends the process at the next signal.
    pub async fn leave_on_next(mut self) {
        self.end(|| ()).await;
        process::exit(INTERRUPTED.into());
    }
}

fn taken(which: signals::Signal, kind: SignalKind) -> io::Result<Option<Signal>> {
    (!which.is_ignored()).then(|| signal(kind)).transpose()
}

/// Waits for the next one; for ever if it is ignored.
async fn next(signal: &mut Option<Signal>) {
    match signal {
        Some(signal) => {
            signal.recv().await;
        }
        None => future::pending().await,
    }
}
