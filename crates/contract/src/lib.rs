//! The model contract that an exported ONNX file carries, and the preprocessing
//! it describes.
//!
//! - [`Contract`]: the versioned JSON document in the ONNX file's
//!   `metadata_props` (key [`METADATA_KEY`]): what goes in, what comes out, and
//!   how the model came to be;
//! - [`preprocess`]: the preprocessing that the document describes, implemented
//!   once for training, export and inference;
//! - [`fs`]: files that appear whole or not at all, and their SHA-256;
//! - [`places`]: folders of the program and its user.
#![cfg_attr(test, expect(clippy::unwrap_used, reason = "a test may panic"))]

mod contract;
mod error;
#[cfg(test)]
mod example;
pub mod fs;
pub mod places;
pub mod preprocess;
mod validate;
mod version;

pub use contract::{
    ChannelOrder, Contract, DType, DatasetInfo, Fit, Input, Layout, Output, Preprocessing, Resize,
    SplitInfo, Superclasses, Training, WeightsInfo,
};
pub use error::ContractError;
pub use validate::MAX_SIDE;
pub use version::{VERSION, oldest_version};

/// Key of the contract's JSON text in the ONNX file's `metadata_props`.
pub const METADATA_KEY: &str = "image_classifier.contract";
