//! An error as a client sees it: a status and `{"error": "…"}`.

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;

use super::ServeError;
use crate::InferError;

/// Seconds after which an overloaded server may be asked again.
const RETRY_AFTER: HeaderValue = HeaderValue::from_static("1");

/// Longest message in bytes. Messages quote what the client sent, which may be
/// megabytes.
const MAX_MESSAGE: usize = 1000;

/// A refused request.
#[derive(Debug)]
pub struct ApiError {
    status: StatusCode,
    message: String,
}

/// The body, as the Open Inference Protocol wants it.
#[derive(Serialize)]
struct Body {
    error: String,
}

impl ApiError {
    pub fn new(status: StatusCode, message: impl Into<String>) -> Self {
        let mut message = message.into();
        if message.len() > MAX_MESSAGE {
            message.truncate(message.floor_char_boundary(MAX_MESSAGE));
            message.push('…');
        }
        Self { status, message }
    }

    pub fn bad_request(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, message)
    }

    /// The answer did not come in time.
    pub fn late() -> Self {
        Self::from(InferError::DeadlineExceeded)
    }
}

impl From<InferError> for ApiError {
    fn from(error: InferError) -> Self {
        let status = match &error {
            InferError::Overloaded { .. } | InferError::ShutDown => StatusCode::SERVICE_UNAVAILABLE,
            InferError::DeadlineExceeded => StatusCode::GATEWAY_TIMEOUT,
            InferError::Dataset(_)
            | InferError::PixelLength { .. }
            | InferError::TooManyPixels { .. } => StatusCode::BAD_REQUEST,
            _ => StatusCode::INTERNAL_SERVER_ERROR,
        };
        Self::new(status, error.to_string())
    }
}

impl From<ServeError> for ApiError {
    fn from(error: ServeError) -> Self {
        let status = match &error {
            ServeError::Unknown { .. } => StatusCode::NOT_FOUND,
            _ => StatusCode::INTERNAL_SERVER_ERROR,
        };
        Self::new(status, error.to_string())
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        if self.status.is_server_error() && self.status != StatusCode::SERVICE_UNAVAILABLE {
            tracing::warn!("{}: {}", self.status, self.message);
        }
        let body = Json(Body {
            error: self.message,
        });
        let mut response = (self.status, body).into_response();
        if self.status == StatusCode::SERVICE_UNAVAILABLE {
            response
                .headers_mut()
                .insert(header::RETRY_AFTER, RETRY_AFTER);
        }
        response
    }
}
