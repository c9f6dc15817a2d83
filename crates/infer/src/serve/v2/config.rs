//! Triton's model configuration extension: what a model is, as Triton would have it
//! configured.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use serde::Serialize;

use super::metadata::{ModelPath, PLATFORM};
use crate::serve::api_error::ApiError;
use crate::serve::routes::Service;

#[derive(Serialize)]
pub struct ModelConfig {
    name: String,
    platform: &'static str,
    backend: &'static str,
    /// Most images of a request.
    max_batch_size: usize,
    input: [TensorConfig; 1],
    output: [TensorConfig; 2],
}

#[derive(Serialize)]
struct TensorConfig {
    name: String,
    data_type: &'static str,
    /// Without the batch.
    dims: Vec<usize>,
}

/// `GET /v2/models/{model}/config`.
pub async fn model_config(
    State(service): State<Arc<Service>>,
    Path(path): Path<ModelPath>,
) -> Result<Json<ModelConfig>, ApiError> {
    path.check_version()?;
    let classifier = service.model(&path.model)?;
    let contract = classifier.contract();
    let input = &contract.input;
    let output = |name: &String| TensorConfig {
        name: name.clone(),
        data_type: "TYPE_FP32",
        dims: vec![contract.classes.len()],
    };
    Ok(Json(ModelConfig {
        name: path.model,
        platform: PLATFORM,
        backend: "onnxruntime",
        max_batch_size: classifier.queue_length(),
        input: [TensorConfig {
            name: input.name.clone(),
            data_type: "TYPE_UINT8",
            dims: vec![input.height, input.width, input.channels],
        }],
        output: [
            output(&contract.output.logits),
            output(&contract.output.probabilities),
        ],
    }))
}
