//! What the server and its models are.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};

use super::VERSION;
use crate::serve::api_error::ApiError;
use crate::serve::routes::Service;

/// What Triton calls ONNX Runtime with an ONNX file.
pub const PLATFORM: &str = "onnxruntime_onnx";

/// The model and version that a URL names.
#[derive(Deserialize)]
pub struct ModelPath {
    pub model: String,
    version: Option<String>,
}

impl ModelPath {
    /// Refuses every version but the one that there is.
    pub fn check_version(&self) -> Result<(), ApiError> {
        match &self.version {
            Some(version) if version != VERSION => Err(ApiError::new(
                StatusCode::NOT_FOUND,
                format!(
                    "the model `{}` has no version `{version}`, only `{VERSION}`",
                    self.model
                ),
            )),
            _ => Ok(()),
        }
    }
}

#[derive(Serialize)]
pub struct ServerMetadata {
    name: &'static str,
    version: &'static str,
    extensions: &'static [&'static str],
}

/// `GET /v2`.
pub async fn server() -> Json<ServerMetadata> {
    Json(ServerMetadata {
        name: "infer",
        version: env!("CARGO_PKG_VERSION"),
        extensions: &[
            "binary_tensor_data",
            "classification",
            "model_configuration",
            "model_repository",
        ],
    })
}

#[derive(Serialize)]
pub struct ModelMetadata {
    name: String,
    versions: [&'static str; 1],
    platform: &'static str,
    inputs: [TensorMetadata; 1],
    outputs: [TensorMetadata; 2],
}

#[derive(Serialize)]
struct TensorMetadata {
    name: String,
    datatype: &'static str,
    /// -1 is the free batch.
    shape: Vec<i64>,
}

/// `GET /v2/models/{model}`.
pub async fn model(
    State(service): State<Arc<Service>>,
    Path(path): Path<ModelPath>,
) -> Result<Json<ModelMetadata>, ApiError> {
    path.check_version()?;
    let classifier = service.model(&path.model)?;
    let contract = classifier.contract();
    let input = &contract.input;
    let output = |name: &String| TensorMetadata {
        name: name.clone(),
        datatype: "FP32",
        shape: vec![-1, contract.classes.len() as i64],
    };
    Ok(Json(ModelMetadata {
        name: path.model,
        versions: [VERSION],
        platform: PLATFORM,
        inputs: [TensorMetadata {
            name: input.name.clone(),
            datatype: "UINT8",
            shape: vec![
                -1,
                input.height as i64,
                input.width as i64,
                input.channels as i64,
            ],
        }],
        outputs: [
            output(&contract.output.logits),
            output(&contract.output.probabilities),
        ],
    }))
}

/// `GET /v2/models/{model}/ready`.
pub async fn model_ready(
    State(service): State<Arc<Service>>,
    Path(path): Path<ModelPath>,
) -> Result<StatusCode, ApiError> {
    path.check_version()?;
    service.model(&path.model)?;
    Ok(StatusCode::OK)
}
