//! A model as the bytes of a file.

use prost::Message;

use crate::{ModelProto, OnnxError, read};

impl ModelProto {
    /// The bytes of an `.onnx` file.
    pub fn to_bytes(&self) -> Vec<u8> {
        self.encode_to_vec()
    }

    /// Reads the bytes of an `.onnx` file. Fields that [`proto`](crate::proto)
    /// does not have are skipped.
    ///
    /// # Errors
    /// [`OnnxError::NotOnnx`] when the bytes are no protobuf message (garbage, or
    /// cut off), or have no graph or no opset, which every ONNX model has.
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
    use proptest::prelude::*;

    use super::*;
    use crate::{Attribute, Dim, Elem, GraphBuilder};

    fn model() -> ModelProto {
        let mut graph = GraphBuilder::new("pool", 18);
        let dims = [1, 2, 4, 4].map(Dim::Fixed);
        graph.input("x", Elem::F32, &dims);
        let attributes = vec![
            Attribute::ints("kernel_shape", &[3, 3]),
            Attribute::string("auto_pad", "SAME_UPPER"),
            Attribute::int("ceil_mode", 0),
        ];
        graph.node("MaxPool", "pool", &["x"], &["pooled"], attributes);
        let alpha = vec![Attribute::float("alpha", 0.1)];
        graph.node("LeakyRelu", "activation", &["pooled"], &["scaled"], alpha);
        let weight = graph.f32("weight", &[1, 2, 1, 1], vec![0.5, -1.5]);
        graph.node("Mul", "scale", &["scaled", &weight], &["y"], vec![]);
        graph.output("y", Elem::F32, &dims);
        graph.build("test", "1", &[("a".into(), "ü\n".into())])
    }

    fn reason(bytes: &[u8]) -> String {
        let OnnxError::NotOnnx { reason } = ModelProto::from_bytes(bytes).unwrap_err();
        reason
    }

    #[test]
    fn bytes_and_back() {
        let model = model();
        let read = ModelProto::from_bytes(&model.to_bytes()).unwrap();
        assert_eq!(read, model);
        assert_eq!(read.metadata("a"), Some("ü\n"));
    }

    // A field that the messages do not have (training_info, 20) is skipped.
    #[test]
    fn unknown_fields_are_skipped() {
        let mut bytes = model().to_bytes();
        bytes.extend([0xa2, 0x01, 0x02, 0x08, 0x01]);
        assert_eq!(ModelProto::from_bytes(&bytes).unwrap(), model());
    }

    #[test]
    fn what_is_no_model_says_why() {
        assert_eq!(reason(b""), "the file is empty");
        assert!(reason(b"<!DOCTYPE html><html>").contains("decode"));
        let without_graph = ModelProto {
            graph: None,
            ..model()
        };
        assert_eq!(reason(&without_graph.to_bytes()), "it has no graph");
        let without_opset = ModelProto {
            opset_import: vec![],
            ..model()
        };
        assert_eq!(
            reason(&without_opset.to_bytes()),
            "it names no operator set"
        );
    }

    #[test]
    fn a_file_cut_off_anywhere_before_its_metadata_is_an_error() {
        let bytes = model().to_bytes();
        let metadata = model().metadata_props[0].encoded_len() + 2;
        for length in 0..bytes.len() - metadata {
            assert!(
                ModelProto::from_bytes(&bytes[..length]).is_err(),
                "{length} of {} bytes",
                bytes.len()
            );
        }
    }

    proptest! {
        #[test]
        fn garbage_does_not_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            prop_assert!(ModelProto::from_bytes(&bytes).is_err());
        }

        #[test]
        fn changed_bytes_do_not_panic(
            index in any::<proptest::sample::Index>(), byte in any::<u8>()
        ) {
            let mut bytes = model().to_bytes();
            let index = index.index(bytes.len());
            bytes[index] = byte;
            if let Ok(read) = ModelProto::from_bytes(&bytes) {
                prop_assert!(read.graph.is_some());
            }
        }
    }
}
