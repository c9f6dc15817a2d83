//! An ONNX file and the contract in it, read without ONNX Runtime.

use std::io::{self, Read as _};
use std::path::Path;

use contract::Contract;
use contract::fs::open_regular;
use onnx::proto::ValueInfoProto;
use onnx::{Dim, Elem, ExternalData, GraphOutline, ModelOutline, OnnxError};

use crate::InferError;

/// Longest protobuf message in bytes, and so the longest ONNX file.
const MAX_BYTES: u64 = 2 << 30;

/// What messages call a model that did not come from a file.
const UNNAMED: &str = "model";

/// An ONNX model whose contract was read and found to match its graph.
///
/// ```
/// use std::path::Path;
/// use infer::ModelFile;
///
/// # fn main() -> Result<(), infer::InferError> {
/// let model = ModelFile::read(Path::new("tests/fixtures/digits.onnx"))?;
/// assert_eq!(model.contract().classes.len(), 10);
/// println!("opset {}, SHA-256 {}", model.opset(), model.sha256());
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct ModelFile {
    bytes: Vec<u8>,
    contract: Contract,
    producer: String,
    opset: i64,
    nodes: usize,
}

impl ModelFile {
    /// Reads an ONNX file.
    ///
    /// # Errors
    /// [`InferError::ReadModel`] if the file cannot be read, else those of
    /// [`ModelFile::from_bytes`].
    pub fn read(path: &Path) -> Result<Self, InferError> {
        let bytes = read(path).map_err(|source| InferError::ReadModel {
            path: path.to_path_buf(),
            source,
        })?;
        Self::parse(bytes, path.display().to_string())
    }

    /// Takes the bytes of an ONNX file.
    ///
    /// # Errors
    /// [`InferError::NotOnnx`] for anything but a whole ONNX model,
    /// [`InferError::ExternalData`] for one that is not all there is to it,
    /// [`InferError::NoContract`] for one of other origin,
    /// [`InferError::Contract`] for a contract that is invalid or of a newer
    /// version, [`InferError::GraphMismatch`] if the graph's inputs or outputs
    /// are not those of the contract.
    pub fn from_bytes(bytes: Vec<u8>) -> Result<Self, InferError> {
        Self::parse(bytes, UNNAMED.to_owned())
    }

    fn parse(bytes: Vec<u8>, model: String) -> Result<Self, InferError> {
        let read = ModelOutline::from_bytes(&bytes)
            .and_then(|outline| Ok((outline, onnx::external_data(&bytes)?)));
        let (outline, external) = match read {
            Ok(read) => read,
            Err(error) => {
                let reason = match error {
                    OnnxError::NotOnnx { reason } => reason,
                    other => other.to_string(),
                };
                return Err(InferError::NotOnnx { model, reason });
            }
        };
        if let Some(ExternalData { tensor, location }) = external {
            return Err(InferError::ExternalData {
                model,
                tensor,
                location,
            });
        }
        let Some(json) = outline.metadata(contract::METADATA_KEY) else {
            return Err(InferError::NoContract { model });
        };
        let contract = match Contract::from_json(json) {
            Ok(contract) => contract,
            Err(source) => return Err(InferError::Contract { model, source }),
        };
        let graph = outline.graph.as_ref();
        if let Err(reason) = graph.map_or(Ok(()), |graph| check_graph(graph, &contract)) {
            return Err(InferError::GraphMismatch { model, reason });
        }
        let opsets = outline.opset_import.iter();
        Ok(Self {
            contract,
            producer: format!("{} {}", outline.producer_name, outline.producer_version)
                .trim()
                .to_owned(),
            opset: opsets
                .filter(|opset| opset.domain.is_empty())
                .map(|opset| opset.version)
                .max()
                .unwrap_or(0),
            nodes: graph.map_or(0, |graph| graph.node.len()),
            bytes,
        })
    }

    /// The model contract.
    pub fn contract(&self) -> &Contract {
        &self.contract
    }

    /// The file's bytes.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The program that wrote the file, with its version; may be empty.
    pub fn producer(&self) -> &str {
        &self.producer
    }

    /// Version of the standard operator set that the graph uses.
    pub fn opset(&self) -> i64 {
        self.opset
    }

    /// Number of nodes in the graph.
    pub fn nodes(&self) -> usize {
        self.nodes
    }

    /// SHA-256 of the file, lower-case hexadecimal.
    pub fn sha256(&self) -> String {
        contract::fs::sha256_hex(&self.bytes)
    }
}

/// The bytes of a file that can be an ONNX model.
fn read(path: &Path) -> io::Result<Vec<u8>> {
    let mut file = open_regular(path)?;
    if file.metadata()?.len() > MAX_BYTES {
        return Err(io::Error::other("it has more than 2 GiB"));
    }
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Compares the graph's inputs and outputs with the contract's; the error is
/// what differs first.
fn check_graph(graph: &GraphOutline, contract: &Contract) -> Result<(), String> {
    let input = &contract.input;
    // Files of IR version 3 list their constants among the inputs.
    let inputs = graph
        .input
        .iter()
        .filter(|value| !graph.initializer.iter().any(|c| c.name == value.name));
    let [size, classes] = [
        &[input.height, input.width, input.channels][..],
        &[contract.classes.len()],
    ];
    if let Some(extra) = inputs.clone().find(|value| value.name != input.name) {
        return Err(format!(
            "unexpected input `{}`, the only input is to be `{}`",
            extra.name, input.name
        ));
    }
    check_value(inputs, "input", &input.name, Elem::U8, size)?;
    for name in [&contract.output.logits, &contract.output.probabilities] {
        check_value(graph.output.iter(), "output", name, Elem::F32, classes)?;
    }
    Ok(())
}

/// Checks that one of `values` is called `name`, holds `elem`s and has the
/// shape `[batch, sizes...]` with a free batch.
fn check_value<'a>(
    mut values: impl Iterator<Item = &'a ValueInfoProto>,
    kind: &str,
    name: &str,
    elem: Elem,
    sizes: &[usize],
) -> Result<(), String> {
    let value = values
        .find(|value| value.name == name)
        .ok_or_else(|| format!("{kind} `{name}` is missing"))?;
    let tensor = value
        .r#type
        .as_ref()
        .and_then(|kind| kind.tensor_type.as_ref());
    let found = tensor.map_or(0, |tensor| tensor.elem_type);
    if found != elem as i32 {
        let expected = elem as i32;
        return Err(format!(
            "{kind} `{name}` has ONNX element type {found}, expected {expected} ({elem:?})"
        ));
    }
    // A shape that was left out, or an unknown length in it, contradicts nothing.
    let Some(dims) = value.dims() else {
        return Ok(());
    };
    let fixed_batch = matches!(dims.first(), Some(Some(Dim::Fixed(_))));
    let differs = |(dim, &size): (&Option<Dim>, &usize)| matches!(dim, Some(Dim::Fixed(length)) if usize::try_from(*length) != Ok(size));
    if dims.len() != sizes.len() + 1 || fixed_batch || dims[1..].iter().zip(sizes).any(differs) {
        let sizes: Vec<String> = sizes.iter().map(ToString::to_string).collect();
        return Err(format!(
            "{kind} `{name}` has shape {}, expected [batch, {}]",
            shape(&dims),
            sizes.join(", ")
        ));
    }
    Ok(())
}

/// A shape as text: `[batch, 8, ?]`.
fn shape(dims: &[Option<Dim>]) -> String {
    let dims: Vec<String> = dims
        .iter()
        .map(|dim| match dim {
            Some(Dim::Fixed(length)) => length.to_string(),
            Some(Dim::Symbolic(name)) => name.clone(),
            None => "?".to_owned(),
        })
        .collect();
    format!("[{}]", dims.join(", "))
}
