//! Event files, which TensorBoard shows: scalars and text by step.
//!
//! [`EventFile`] is one process' share of a run; a run that goes on has another
//! one, beside the first.
//!
//! ```
//! use std::time::SystemTime;
//!
//! use tensorboard::EventFile;
//!
//! # let folder = tempfile::tempdir()?;
//! # let folder = folder.path();
//! let mut events = EventFile::create(folder, 0, SystemTime::now())?;
//! events.text("recipe", 0, SystemTime::now(), "    epochs = 3")?;
//! events.scalar("loss/train", 100, SystemTime::now(), 0.7)?;
//! events.scalar("loss/val", 100, SystemTime::now(), 0.9)?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
#![cfg_attr(test, expect(clippy::unwrap_used, reason = "a test may panic"))]

mod error;
mod event_file;
mod file_name;
mod proto;
mod record;

pub use error::TensorboardError;
pub use event_file::EventFile;
pub use file_name::FILE_PREFIX;
