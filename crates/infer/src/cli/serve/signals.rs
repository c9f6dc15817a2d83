//! The signals that end or reload a service.

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

/// The signals, taken over from the system's defaults.
pub struct Signals {
    terminate: Signal,
    interrupt: Signal,
    hang_up: Signal,
}

impl Signals {
    /// Takes the signals over.
    pub fn new() -> io::Result<Self> {
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
            hang_up: signal(SignalKind::hangup())?,
        })
    }

    /// Waits for a signal that ends the service; calls `reload` on each SIGHUP.
    pub async fn end(&mut self, reload: impl Fn()) -> End {
        loop {
            tokio::select! {
                _ = self.terminate.recv() => return End::Terminated,
                _ = self.interrupt.recv() => return End::Interrupted,
                _ = self.hang_up.recv() => reload(),
            }
        }
    }

    /// Ends the process at the next signal.
    pub async fn leave_on_next(mut self) {
        self.end(|| ()).await;
        process::exit(INTERRUPTED.into());
    }
}
