//! Data sets for image classification: CIFAR-100, photos in folders, archives
//! and tables, and a small embedded set of digits; stratified splits; image decoding.
//!
//! [`open`] gives a [`Dataset`]: class names, a content hash and up to three
//! [`Split`]s whose images come as 8-bit RGB in height-width-channel order,
//! unchanged in size. Resizing and normalising are the model contract's
//! business (crate `contract`), not this crate's.
//!
//! ```
//! use dataset::{OpenOptions, Source, open, stratified_split};
//!
//! let digits = open(&Source::Digits, &OpenOptions::default())?;
//! let split = stratified_split(&digits.train.labels(), &digits.classes, 0.2, 42)?;
//! let (train, val) = (digits.train.subset(&split.train), digits.train.subset(&split.val));
//! assert_eq!(train.len() + val.len(), digits.train.len());
//! assert_eq!(val.image(0)?.pixels.len(), 8 * 8 * 3);
//! # Ok::<(), dataset::DatasetError>(())
//! ```
//!
//! [`open_trained_on`] finds the data set of a model again, by the record that its run left
//! behind ([`Origin`], [`RunRecord`]).

#![cfg_attr(
    test,
    expect(clippy::unwrap_used, reason = "a test may panic: that is how it fails")
)]

pub mod archive;
mod broken;
pub mod cifar100;
mod copies;
mod dataset;
mod decode;
pub mod digits;
mod error;
mod fingerprint;
pub mod folder;
mod form;
mod found;
mod hash;
mod limit;
mod names;
mod origin;
#[cfg(feature = "parquet")]
pub mod parquet;
mod path_text;
mod source;
mod split;
mod stratified;
mod survey;
pub mod table;
mod trained_on;
mod unpacked;

pub use crate::dataset::Dataset;
pub use broken::{BrokenPicture, check_pictures, check_split};
pub use copies::{CopiedPictures, Copies};
pub use decode::{
    MAX_DECODING_BYTES, MAX_FILE_BYTES, RgbPixels, decode, decode_file, decode_if, is_animated,
};
pub use error::{DatasetError, TableProblem};
pub use limit::stratified_limit;
pub use origin::{Origin, RunRecord};
pub use source::{OpenOptions, Source, open, open_again};
pub use split::Split;
pub use stratified::{SplitIndices, stratified_split};
pub use survey::{ELONGATED, HUGE, Survey, TINY};
pub use trained_on::{Given, open_trained_on};
