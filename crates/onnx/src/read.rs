//! Reading a model, whole or in outline.

use prost::Message;

use crate::OnnxError;
use crate::proto::StringStringEntryProto;

/// Reads a model's bytes; `parts` says whether it has a graph and an opset,
/// which every ONNX model has.
pub(crate) fn model<M: Message + Default>(
    bytes: &[u8],
    parts: impl Fn(&M) -> (bool, bool),
) -> Result<M, OnnxError> {
    let not_onnx = |reason: String| OnnxError::NotOnnx { reason };
    if bytes.is_empty() {
        return Err(not_onnx("the file is empty".into()));
    }
    let model = M::decode(bytes).map_err(|error| not_onnx(error.to_string()))?;
    let (has_graph, has_opset) = parts(&model);
    if !has_graph {
        return Err(not_onnx("it has no graph".into()));
    }
    if !has_opset {
        return Err(not_onnx("it names no operator set".into()));
    }
    Ok(model)
}

/// The value of a key among `entries`.
pub(crate) fn value<'a>(entries: &'a [StringStringEntryProto], key: &str) -> Option<&'a str> {
    let entry = entries.iter().find(|entry| entry.key == key)?;
    Some(entry.value.as_str())
}
