//! An inference request: JSON, with binary tensors behind it or without.

use contract::Contract;
use serde::Deserialize;

use super::at_most::AtMost;
use super::data;
use crate::serve::api_error::ApiError;

/// What is asked, checked against the model.
#[derive(Debug)]
pub struct InferRequest {
    pub id: Option<String>,
    /// Images of the input size, back to back.
    pub pixels: Vec<u8>,
    pub outputs: Vec<Output>,
}

/// An output that is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Output {
    pub kind: OutputKind,
    /// Whether its values follow the JSON as bytes.
    pub binary: bool,
    /// Only the `k` highest values with their classes' names (Triton's
    /// classification extension), as strings.
    pub classes: Option<usize>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OutputKind {
    Logits,
    Probabilities,
}

impl OutputKind {
    /// How many there are; none can be asked for twice.
    const COUNT: usize = 2;
}

/// Most dimensions of a tensor; no model's input has as many.
const MAX_RANK: usize = 16;

#[derive(Deserialize)]
struct Document {
    id: Option<String>,
    #[serde(default)]
    parameters: RequestParameters,
    inputs: AtMost<Input, 1>,
    outputs: Option<AtMost<OutputDocument, { OutputKind::COUNT }>>,
}

#[derive(Deserialize, Default)]
struct RequestParameters {
    #[serde(default)]
    binary_data_output: bool,
}

#[derive(Deserialize)]
struct Input {
    name: String,
    shape: AtMost<u64, MAX_RANK>,
    datatype: String,
    #[serde(default)]
    parameters: InputParameters,
    data: Option<data::Bytes>,
}

#[derive(Deserialize, Default)]
struct InputParameters {
    binary_data_size: Option<usize>,
    shared_memory_region: Option<String>,
}

#[derive(Deserialize)]
struct OutputDocument {
    name: String,
    #[serde(default)]
    parameters: OutputParameters,
}

#[derive(Deserialize, Default)]
struct OutputParameters {
    binary_data: Option<bool>,
    classification: Option<usize>,
    shared_memory_region: Option<String>,
}

impl InferRequest {
    /// Reads a body. `json_length`: bytes of the JSON at its beginning (the
    /// header `Inference-Header-Content-Length`), all of it if `None`.
    pub fn parse(
        body: &[u8],
        json_length: Option<usize>,
        contract: &Contract,
    ) -> Result<Self, ApiError> {
        let length = json_length.unwrap_or(body.len());
        let Some((json, binary)) = body.split_at_checked(length) else {
            return Err(ApiError::bad_request(format!(
                "the body holds {} bytes, its JSON alone is to have {length}",
                body.len()
            )));
        };
        let document: Document = serde_json::from_slice(json).map_err(|error| {
            ApiError::bad_request(format!("the request's JSON is invalid: {error}"))
        })?;
        let [input] = <[Input; 1]>::try_from(document.inputs.0).map_err(|inputs| {
            ApiError::bad_request(format!("{} inputs, expected one", inputs.len()))
        })?;
        Ok(Self {
            id: document.id,
            pixels: pixels(input, binary, contract)?,
            outputs: outputs(
                document.outputs.map(|AtMost(outputs)| outputs),
                document.parameters.binary_data_output,
                contract,
            )?,
        })
    }
}

/// The input's values, checked for name, type and shape.
fn pixels(input: Input, binary: &[u8], contract: &Contract) -> Result<Vec<u8>, ApiError> {
    let expected = &contract.input;
    if input.name != expected.name {
        return Err(ApiError::bad_request(format!(
            "unknown input `{}`, expected `{}`",
            input.name, expected.name
        )));
    }
    if input.datatype != "UINT8" {
        return Err(ApiError::bad_request(format!(
            "input `{}` has type {}, expected UINT8",
            input.name, input.datatype
        )));
    }
    let size = [expected.height, expected.width, expected.channels].map(|n| n as u64);
    let images = match input.shape.0.as_slice() {
        [images, rest @ ..] if rest == size && *images > 0 => *images,
        shape => {
            return Err(ApiError::bad_request(format!(
                "input `{}` has shape {shape:?}, expected [n, {}, {}, {}]",
                input.name, size[0], size[1], size[2]
            )));
        }
    };
    if input.parameters.shared_memory_region.is_some() {
        return Err(no_shared_memory());
    }
    let values = match (input.data, input.parameters.binary_data_size) {
        (Some(data::Bytes(values)), None) if binary.is_empty() => values,
        (None, Some(length)) if length == binary.len() => binary.to_vec(),
        (None, Some(length)) => {
            return Err(ApiError::bad_request(format!(
                "{} bytes follow the JSON, expected {length} (binary_data_size)",
                binary.len()
            )));
        }
        _ => {
            return Err(ApiError::bad_request(format!(
                "input `{}` needs either `data` or `binary_data_size` and the bytes",
                input.name
            )));
        }
    };
    if images.checked_mul(contract.input_len() as u64) != Some(values.len() as u64) {
        return Err(ApiError::bad_request(format!(
            "input `{}` has {} values, not those of its shape {:?}",
            input.name,
            values.len(),
            input.shape.0
        )));
    }
    Ok(values)
}

/// The outputs asked for; both if nothing is said.
fn outputs(
    asked: Option<Vec<OutputDocument>>,
    binary: bool,
    contract: &Contract,
) -> Result<Vec<Output>, ApiError> {
    let Some(asked) = asked.filter(|asked| !asked.is_empty()) else {
        let output = |kind| Output {
            kind,
            binary,
            classes: None,
        };
        return Ok([OutputKind::Logits, OutputKind::Probabilities]
            .map(output)
            .into());
    };
    let mut outputs = Vec::<Output>::new();
    for output in asked {
        let kind = if output.name == contract.output.logits {
            OutputKind::Logits
        } else if output.name == contract.output.probabilities {
            OutputKind::Probabilities
        } else {
            return Err(ApiError::bad_request(format!(
                "unknown output `{}`, there are `{}` and `{}`",
                output.name, contract.output.logits, contract.output.probabilities
            )));
        };
        if output.parameters.shared_memory_region.is_some() {
            return Err(no_shared_memory());
        }
        if outputs.iter().any(|earlier| earlier.kind == kind) {
            return Err(ApiError::bad_request(format!(
                "output `{}` is asked for twice",
                output.name
            )));
        }
        outputs.push(Output {
            kind,
            binary: output.parameters.binary_data.unwrap_or(binary),
            classes: output.parameters.classification.filter(|&k| k > 0),
        });
    }
    Ok(outputs)
}

fn no_shared_memory() -> ApiError {
    ApiError::bad_request("shared memory is not supported; send the values in the body")
}
