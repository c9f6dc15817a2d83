//! The answer to an inference request.

use axum::Json;
use axum::http::{HeaderName, header};
use axum::response::{IntoResponse, Response};
use contract::Contract;
use serde::Serialize;

use super::VERSION;
use super::request::{InferRequest, Output, OutputKind};
use crate::Classification;

/// Says where the JSON of a body ends and binary tensors begin.
pub const JSON_LENGTH: HeaderName = HeaderName::from_static("inference-header-content-length");

#[derive(Serialize)]
struct Document<'a> {
    model_name: &'a str,
    model_version: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<&'a str>,
    outputs: Vec<Tensor<'a>>,
}

#[derive(Serialize)]
struct Tensor<'a> {
    name: &'a str,
    datatype: &'static str,
    shape: [usize; 2],
    #[serde(skip_serializing_if = "Option::is_none")]
    parameters: Option<Parameters>,
    #[serde(skip_serializing_if = "Option::is_none")]
    data: Option<Values>,
}

#[derive(Serialize)]
struct Parameters {
    binary_data_size: usize,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Values {
    Floats(Vec<f32>),
    Strings(Vec<String>),
}

impl Values {
    /// Little-endian floats; strings each after their length in four bytes.
    fn to_bytes(&self) -> Vec<u8> {
        match self {
            Self::Floats(values) => values.iter().flat_map(|v| v.to_le_bytes()).collect(),
            Self::Strings(texts) => texts
                .iter()
                .flat_map(|text| {
                    let length = (text.len() as u32).to_le_bytes();
                    length.into_iter().chain(text.bytes())
                })
                .collect(),
        }
    }
}

/// Bytes of a number as text, and of what stands around it.
const NUMBER: usize = 24;
/// Bytes that a byte of a text may have in JSON: `\u0001`.
const ESCAPED: usize = 6;
/// Bytes of the document and of the head of its (at most two) tensors, without
/// the names in them.
const HEADS: usize = 1024;

/// A bound on the length of the response to a request of so many images, in bytes.
pub fn length_at_most(request: &InferRequest, contract: &Contract, images: usize) -> usize {
    let classes = &contract.classes;
    let longest = classes.iter().map(String::len).max().unwrap_or(0);
    let of_an_image = |output: &Output| match output.classes {
        None => classes.len().saturating_mul(NUMBER),
        // The value, the index and the name.
        Some(k) => {
            let text = longest.saturating_mul(ESCAPED).saturating_add(2 * NUMBER);
            k.min(classes.len()).saturating_mul(text)
        }
    };
    let values = request
        .outputs
        .iter()
        .map(|output| of_an_image(output).saturating_mul(images));
    values.fold(HEADS, usize::saturating_add)
}

/// The response for the classifications of all images of a request.
pub fn response(
    model: &str,
    request: &InferRequest,
    contract: &Contract,
    answers: &[Classification],
) -> Response {
    let mut binary = Vec::new();
    let outputs = request.outputs.iter().map(|output| {
        let (datatype, columns, values) = values(output, contract, answers);
        let (parameters, data) = if output.binary {
            let bytes = values.to_bytes();
            let binary_data_size = bytes.len();
            binary.extend(bytes);
            (Some(Parameters { binary_data_size }), None)
        } else {
            (None, Some(values))
        };
        Tensor {
            name: match output.kind {
                OutputKind::Logits => &contract.output.logits,
                OutputKind::Probabilities => &contract.output.probabilities,
            },
            datatype,
            shape: [answers.len(), columns],
            parameters,
            data,
        }
    });
    let document = Document {
        model_name: model,
        model_version: VERSION,
        id: request.id.as_deref(),
        outputs: outputs.collect(),
    };
    if !request.outputs.iter().any(|output| output.binary) {
        return Json(document).into_response();
    }
    match serde_json::to_vec(&document) {
        Ok(mut body) => {
            let headers = [
                (JSON_LENGTH, body.len().to_string()),
                (header::CONTENT_TYPE, "application/octet-stream".to_owned()),
            ];
            body.append(&mut binary);
            (headers, body).into_response()
        }
        // `Json` answers with the error.
        Err(_) => Json(document).into_response(),
    }
}

/// The values of an output for all images, with their type and number an image.
fn values(
    output: &Output,
    contract: &Contract,
    answers: &[Classification],
) -> (&'static str, usize, Values) {
    let row = |answer: &Classification| match output.kind {
        OutputKind::Logits => answer.logits.clone(),
        OutputKind::Probabilities => answer.probabilities.clone(),
    };
    let classes = &contract.classes;
    match output.classes {
        None => {
            let values = answers.iter().flat_map(row).collect();
            ("FP32", classes.len(), Values::Floats(values))
        }
        Some(k) => {
            let columns = k.min(classes.len());
            let strings = answers.iter().flat_map(|answer| {
                let row = row(answer);
                let top = answer.top(columns).into_iter();
                top.map(move |(class, _)| format!("{}:{class}:{}", row[class], classes[class]))
            });
            ("BYTES", columns, Values::Strings(strings.collect()))
        }
    }
}
