//! Builds a graph node by node.

use crate::proto::{OperatorSetIdProto, StringStringEntryProto, ValueInfoProto};
use crate::{Attribute, Dim, Elem, GraphProto, ModelProto, NodeProto, TensorProto};

/// A graph under construction. Nodes are to be added in topological order:
/// ONNX wants each after the nodes whose outputs it takes.
///
/// ```
/// use onnx::{Dim, Elem, GraphBuilder};
///
/// let mut graph = GraphBuilder::new("double", 18);
/// graph.input("x", Elem::F32, &[Dim::Symbolic("batch".into()), Dim::Fixed(2)]);
/// let two = graph.f32("two", &[], vec![2.0]);
/// graph.node("Mul", "mul", &["x", &two], &["y"], vec![]);
/// graph.output("y", Elem::F32, &[Dim::Symbolic("batch".into()), Dim::Fixed(2)]);
/// let bytes = graph.build("example", "1.0", &[]).to_bytes();
/// # assert!(!bytes.is_empty());
/// ```
#[derive(Clone, Debug)]
pub struct GraphBuilder {
    graph: GraphProto,
    opset: i64,
}

impl GraphBuilder {
    /// An empty graph that uses the standard operators of version `opset`.
    pub fn new(name: &str, opset: i64) -> Self {
        let graph = GraphProto {
            name: name.into(),
            ..GraphProto::default()
        };
        Self { graph, opset }
    }

    /// Adds an input of the graph.
    pub fn input(&mut self, name: &str, elem: Elem, dims: &[Dim]) {
        let value = ValueInfoProto::tensor(name, elem, dims);
        self.graph.input.push(value);
    }

    /// Adds an output of the graph; a node has to give a value of that name.
    pub fn output(&mut self, name: &str, elem: Elem, dims: &[Dim]) {
        let value = ValueInfoProto::tensor(name, elem, dims);
        self.graph.output.push(value);
    }

    /// Adds a float32 constant of shape `dims` (empty for a scalar), row-major,
    /// and gives its name back.
    ///
    /// # Panics
    /// If `values` has not as many elements as `dims` says.
    pub fn f32(&mut self, name: &str, dims: &[i64], values: Vec<f32>) -> String {
        self.initializer(TensorProto::f32(name, dims, &values))
    }

    /// Adds a float16 constant of shape `dims` (empty for a scalar), row-major,
    /// and gives its name back.
    ///
    /// # Panics
    /// If `values` has not as many elements as `dims` says.
    pub fn f16(&mut self, name: &str, dims: &[i64], values: Vec<f32>) -> String {
        self.initializer(TensorProto::f16(name, dims, &values))
    }

    /// Adds an int64 constant of shape `dims` (empty for a scalar), row-major,
    /// and gives its name back.
    ///
    /// # Panics
    /// If `values` has not as many elements as `dims` says.
    pub fn i64(&mut self, name: &str, dims: &[i64], values: Vec<i64>) -> String {
        self.initializer(TensorProto::i64(name, dims, &values))
    }

    /// Adds a node: the operator `op_type` from the values `inputs` (an empty
    /// name for an optional input left out) to the values `outputs`.
    pub fn node(
        &mut self,
        op_type: &str,
        node_name: &str,
        inputs: &[&str],
        outputs: &[&str],
        attributes: Vec<Attribute>,
    ) {
        self.graph.node.push(NodeProto {
            input: inputs.iter().map(ToString::to_string).collect(),
            output: outputs.iter().map(ToString::to_string).collect(),
            name: node_name.into(),
            op_type: op_type.into(),
            attribute: attributes,
            ..NodeProto::default()
        });
    }

    /// The model, with its producer and `metadata_props`.
    pub fn build(
        self,
        producer: &str,
        producer_version: &str,
        metadata: &[(String, String)],
    ) -> ModelProto {
        let metadata_props = metadata.iter().map(|(key, value)| StringStringEntryProto {
            key: key.clone(),
            value: value.clone(),
        });
        ModelProto {
            ir_version: ir_version(self.opset),
            producer_name: producer.into(),
            producer_version: producer_version.into(),
            graph: Some(self.graph),
            opset_import: vec![OperatorSetIdProto {
                domain: String::new(),
                version: self.opset,
            }],
            metadata_props: metadata_props.collect(),
            ..ModelProto::default()
        }
    }

    fn initializer(&mut self, tensor: TensorProto) -> String {
        let name = tensor.name.clone();
        self.graph.initializer.push(tensor);
        name
    }
}

/// The file format version that was current with an opset (the table in ONNX's
/// `docs/Versioning.md`): an older file format is read by more runtimes.
fn ir_version(opset: i64) -> i64 {
    match opset {
        ..=14 => 7,
        15..=18 => 8,
        19..=20 => 9,
        21..=22 => 10,
        23 => 11,
        24 => 12,
        25..=27 => 13,
        28.. => 14,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_graph_keeps_its_order_and_names() {
        let batch = || Dim::Symbolic("batch".into());
        let mut graph = GraphBuilder::new("classifier", 18);
        graph.input("image", Elem::U8, &[batch(), Dim::Fixed(3)]);
        let shape = graph.i64("shape", &[2], vec![0, -1]);
        graph.node("Reshape", "flatten", &["image", &shape], &["flat"], vec![]);
        let to_float = vec![Attribute::int("to", Elem::F32 as i64)];
        graph.node("Cast", "to_float", &["flat"], &["logits"], to_float);
        graph.output("logits", Elem::F32, &[batch(), Dim::Fixed(3)]);
        let metadata = [("key".to_string(), "value".to_string())];
        let model = graph.build("trainer", "0.1.0", &metadata);

        assert_eq!(model.ir_version, 8);
        assert_eq!(model.opset_import[0].version, 18);
        assert_eq!(model.metadata("key"), Some("value"));
        assert_eq!(model.metadata("other"), None);
        let graph = model.graph.unwrap();
        let operators: Vec<&str> = graph.node.iter().map(|node| &*node.op_type).collect();
        assert_eq!(operators, ["Reshape", "Cast"]);
        assert_eq!(graph.node[0].input, ["image", "shape"]);
        assert_eq!(
            graph.input[0].dims().unwrap(),
            [Some(batch()), Some(Dim::Fixed(3))]
        );
        assert_eq!(graph.initializer[0].raw_data[..8], 0_i64.to_le_bytes());
        assert_eq!(graph.initializer[0].raw_data[8..], (-1_i64).to_le_bytes());
    }

    #[test]
    #[should_panic(expected = "w: 3 values for the shape [2, 2]")]
    fn a_constant_has_its_shape() {
        GraphBuilder::new("g", 18).f32("w", &[2, 2], vec![0.0; 3]);
    }
}
