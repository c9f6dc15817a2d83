//! What a model is from the outside, read without its constants' values.

use prost::Message;

use crate::proto::{OperatorSetIdProto, StringStringEntryProto, ValueInfoProto};
use crate::{OnnxError, read};

/// As much of a [`ModelProto`](crate::ModelProto) as says who wrote it, what goes
/// in and what comes out. The values of constants, which are nearly all of a file,
/// are skipped: reading it takes next to no time and memory.
#[derive(Clone, PartialEq, Message)]
pub struct ModelOutline {
    /// Name of the program that wrote the file.
    #[prost(string, tag = "2")]
    pub producer_name: String,
    /// Version of that program.
    #[prost(string, tag = "3")]
    pub producer_version: String,
    /// The graph; a model always has one.
    #[prost(message, optional, tag = "7")]
    pub graph: Option<GraphOutline>,
    /// Operator sets that the graph uses, at least one.
    #[prost(message, repeated, tag = "8")]
    pub opset_import: Vec<OperatorSetIdProto>,
    /// Named values of the producer's own; keys are unique.
    #[prost(message, repeated, tag = "14")]
    pub metadata_props: Vec<StringStringEntryProto>,
}

/// A graph's inputs and outputs, its nodes as far as they can be counted and its
/// constants' names.
#[derive(Clone, PartialEq, Message)]
pub struct GraphOutline {
    /// The operations.
    #[prost(message, repeated, tag = "1")]
    pub node: Vec<NodeOutline>,
    /// Constant tensors.
    #[prost(message, repeated, tag = "5")]
    pub initializer: Vec<TensorOutline>,
    /// Inputs with their types.
    #[prost(message, repeated, tag = "11")]
    pub input: Vec<ValueInfoProto>,
    /// Outputs with their types.
    #[prost(message, repeated, tag = "12")]
    pub output: Vec<ValueInfoProto>,
}

/// An operation, of which nothing is read.
#[derive(Clone, PartialEq, Eq, Hash, Message)]
pub struct NodeOutline {}

/// A constant tensor's name.
#[derive(Clone, PartialEq, Eq, Hash, Message)]
pub struct TensorOutline {
    /// Name of the value.
    #[prost(string, tag = "8")]
    pub name: String,
}

impl ModelOutline {
    /// Reads the bytes of an `.onnx` file.
    ///
    /// # Errors
    /// [`OnnxError::NotOnnx`] when the bytes are no protobuf message (garbage, or
    /// cut off), or have no graph or no opset, which every ONNX model has. What is
    /// wrong inside of a node or a constant stays unseen.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, OnnxError> {
        read::model(bytes, |model: &Self| {
            (model.graph.is_some(), !model.opset_import.is_empty())
        })
    }

    /// The value of a key in `metadata_props`.
    pub fn metadata(&self, key: &str) -> Option<&str> {
        read::value(&self.metadata_props, key)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Dim, Elem, GraphBuilder, ModelProto};

    fn model() -> ModelProto {
        let mut graph = GraphBuilder::new("scale", 18);
        let dims = [Dim::Symbolic("batch".into()), Dim::Fixed(2)];
        graph.input("x", Elem::F32, &dims);
        let weight = graph.f32("weight", &[2], vec![0.5, -1.5]);
        graph.node("Mul", "scale", &["x", &weight], &["y"], vec![]);
        graph.output("y", Elem::F32, &dims);
        graph.build("test", "1", &[("a".into(), "b".into())])
    }

    #[test]
    fn it_is_that_of_the_whole_model() {
        let model = model();
        let outline = ModelOutline::from_bytes(&model.to_bytes()).unwrap();
        assert_eq!(outline.producer_name, model.producer_name);
        assert_eq!(outline.producer_version, model.producer_version);
        assert_eq!(outline.opset_import, model.opset_import);
        assert_eq!(outline.metadata("a"), Some("b"));
        assert_eq!(outline.metadata("b"), None);
        let (outline, graph) = (outline.graph.unwrap(), model.graph.unwrap());
        assert_eq!(outline.node.len(), graph.node.len());
        assert_eq!(outline.initializer[0].name, graph.initializer[0].name);
        assert_eq!((outline.input, outline.output), (graph.input, graph.output));
    }

    #[test]
    fn what_is_no_model_is_an_error_as_for_the_whole() {
        let whole = model();
        let bytes = whole.to_bytes();
        let without_graph = ModelProto {
            graph: None,
            ..whole.clone()
        };
        let without_opset = ModelProto {
            opset_import: vec![],
            ..whole
        };
        for bytes in [
            &b""[..],
            b"<!DOCTYPE html><html>",
            &bytes[..bytes.len() - 1],
            &without_graph.to_bytes(),
            &without_opset.to_bytes(),
        ] {
            assert!(ModelProto::from_bytes(bytes).is_err());
            let OnnxError::NotOnnx { reason } = ModelOutline::from_bytes(bytes).unwrap_err();
            assert!(!reason.is_empty() && !reason.contains('\n'), "{reason}");
        }
    }
}
