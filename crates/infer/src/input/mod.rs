//! The pictures that a program is asked to classify: finding and decoding
//! them.

mod find;
mod picture;

pub use find::{FindOptions, Pictures, find_in_folder, find_pictures};
pub(crate) use picture::Decoded;
pub use picture::{MAX_STREAM_BYTES, Picture};
