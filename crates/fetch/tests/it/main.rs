//! Downloads from servers that mean no good, and archives that unpack to too much.

#![expect(clippy::unwrap_used, reason = "a test may panic: that is how it fails")]

mod archive;
mod hostile;
mod network_cut;
mod server;
