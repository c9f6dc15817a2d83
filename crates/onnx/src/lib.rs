//! Reading and writing ONNX files: protobuf messages and a small graph builder.
//!
//! - [`proto`]: the messages of `onnx.proto3` that this project reads and
//!   writes, by hand, so that building needs no `protoc`;
//! - [`GraphBuilder`]: inputs, outputs, initializers and nodes to a [`ModelProto`];
//! - [`ModelProto::from_bytes`] and [`ModelProto::to_bytes`]: the file;
//! - [`ModelOutline`]: a file read without its constants' values;
//! - [`external_data`]: whether a file's constants lie in other files.
#![cfg_attr(test, expect(clippy::unwrap_used, reason = "a test may panic"))]

mod attribute;
mod builder;
mod error;
mod external;
mod model;
mod outline;
pub mod proto;
mod read;
mod tensor;

pub use attribute::Attribute;
pub use builder::GraphBuilder;
pub use error::OnnxError;
pub use external::{ExternalData, external_data};
pub use outline::{GraphOutline, ModelOutline, NodeOutline, TensorOutline};
pub use proto::{GraphProto, ModelProto, NodeProto, TensorProto};
pub use tensor::{Dim, Elem};
