//! `POST /v2/models/{model}/infer`.

use std::sync::Arc;

use axum::extract::{Path, Request, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use tokio::task::spawn_blocking;
use tokio::time::timeout_at;

use super::metadata::ModelPath;
use super::request::InferRequest;
use super::response::{JSON_LENGTH, length_at_most, response};
use crate::serve::api_error::ApiError;
use crate::serve::body;
use crate::serve::routes::Service;

/// JSON of more bytes is read and written on a thread that may block; it takes
/// more than a millisecond.
const LONG_JSON: usize = 256 << 10;

/// Longest answer in bytes. Nothing that a client can use is as long; without a
/// bound, long class names for many images would be.
const MAX_ANSWER: usize = 64 << 20;

/// Classifies the images of a tensor, each through the model's queue.
pub async fn infer(
    State(service): State<Arc<Service>>,
    Path(path): Path<ModelPath>,
    request: Request,
) -> Result<Response, ApiError> {
    let deadline = service.deadline();
    path.check_version()?;
    let classifier = service.model(&path.model)?;
    let (parts, body) = request.into_parts();
    let json_length = json_length(&parts.headers)?;
    let body = body::read(&parts.headers, body, service.options.max_body, deadline).await?;

    let request = if json_length.unwrap_or(body.len()) > LONG_JSON {
        let classifier = Arc::clone(&classifier);
        spawn_blocking(move || InferRequest::parse(&body, json_length, classifier.contract()))
            .await
            .map_err(|error| ApiError::bad_request(error.to_string()))??
    } else {
        InferRequest::parse(&body, json_length, classifier.contract())?
    };
    let contract = classifier.contract();
    let images = request.pixels.chunks_exact(contract.input_len());
    if images.len() > classifier.queue_length() {
        return Err(ApiError::bad_request(format!(
            "{} images in one request, more than the queue holds ({})",
            images.len(),
            classifier.queue_length()
        )));
    }

    let length = length_at_most(&request, contract, images.len());
    if length > MAX_ANSWER {
        return Err(ApiError::bad_request(format!(
            "the answer could have {length} bytes, more than {MAX_ANSWER}; ask for fewer images or classes"
        )));
    }

    // All are in the queue before the first is awaited, so that they are run
    // together. An error drops, and so cancels, those that are left.
    let pending: Vec<_> = images
        .map(|pixels| {
            let request = crate::Request::pixels(pixels.to_vec()).deadline(deadline.into_std());
            classifier.classify_async(request)
        })
        .collect();
    let mut answers = Vec::with_capacity(pending.len());
    for answer in pending {
        let answer = timeout_at(deadline, answer).await;
        answers.push(answer.map_err(|_| ApiError::late())??);
    }
    if length <= LONG_JSON {
        return Ok(response(&path.model, &request, contract, &answers));
    }
    let build = {
        let classifier = Arc::clone(&classifier);
        move || response(&path.model, &request, classifier.contract(), &answers)
    };
    spawn_blocking(build)
        .await
        .map_err(|error| ApiError::new(StatusCode::INTERNAL_SERVER_ERROR, error.to_string()))
}

/// The header that says where the JSON ends.
fn json_length(headers: &HeaderMap) -> Result<Option<usize>, ApiError> {
    let Some(value) = headers.get(JSON_LENGTH) else {
        return Ok(None);
    };
    let length = value.to_str().ok().and_then(|text| text.parse().ok());
    length.map(Some).ok_or_else(|| {
        ApiError::bad_request(format!("the header {JSON_LENGTH} is not a number of bytes"))
    })
}
