//! Files from elsewhere, each within limits.
//!
//! * [`Client`] speaks HTTP with a server that may be anybody's: it waits for no server longer
//!   than its [`Patience`], follows redirects itself, and takes no byte more than was announced
//!   or is allowed. [`Client::download`] brings a [`RemoteFile`] to disk and goes on after a break,
//!   also after one of an earlier run.
//! * [`TarGz`] reads the members of a `.tar.gz` archive, up to a number of unpacked bytes.
//!
//! Nothing that a server or an archive says is ever used as a path: where files land is the
//! caller's choice alone.

#![cfg_attr(
    test,
    expect(clippy::unwrap_used, reason = "a test may panic: that is how it fails")
)]

mod client;
mod download;
mod error;
mod headers;
mod part;
mod redirect;
mod tar_gz;

pub use client::{Client, Head, Patience};
pub use download::RemoteFile;
pub use error::{FetchError, one_line};
pub use tar_gz::{AtMost, Member, TarGz};

/// Bytes read at a time.
const BUFFER: usize = 1 << 17;
