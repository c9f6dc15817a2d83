//! Triton's model repository extension: which models there are, loading and
//! unloading them.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, Request, State};
use axum::http::StatusCode;
use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};

use super::VERSION;
use crate::serve::access::check_json;
use crate::serve::api_error::ApiError;
use crate::serve::body;
use crate::serve::routes::Service;

/// Longest body in bytes of a wish to load or unload a model.
const LONGEST_WISH: usize = 64 << 10;

#[derive(Serialize)]
pub struct IndexEntry {
    name: String,
    version: &'static str,
    state: &'static str,
    reason: &'static str,
}

/// `POST /v2/repository/index`.
pub async fn index(State(service): State<Arc<Service>>) -> Json<Vec<IndexEntry>> {
    let entry = |name: String| {
        let (state, reason) = match service.models.get(&name) {
            Ok(Some(_)) => ("READY", ""),
            _ => ("UNAVAILABLE", "unloaded"),
        };
        IndexEntry {
            name,
            version: VERSION,
            state,
            reason,
        }
    };
    Json(service.models.names().into_iter().map(entry).collect())
}

/// `POST /v2/repository/models/{model}/load`: reads the model's file again.
pub async fn load(
    State(service): State<Arc<Service>>,
    Path(model): Path<String>,
    request: Request,
) -> Result<StatusCode, ApiError> {
    // Triton's `config` and `file:…` would replace what the service was started with.
    check(&service, request, &[]).await?;
    service.models.load(&model).await?;
    Ok(StatusCode::OK)
}

/// `POST /v2/repository/models/{model}/unload`.
pub async fn unload(
    State(service): State<Arc<Service>>,
    Path(model): Path<String>,
    request: Request,
) -> Result<StatusCode, ApiError> {
    // No model depends on another.
    check(&service, request, &["unload_dependents"]).await?;
    service.models.unload(&model).await?;
    Ok(StatusCode::OK)
}

/// What a client may send with its wish.
#[derive(Deserialize, Default)]
struct Wish {
    #[serde(default)]
    parameters: BTreeMap<String, IgnoredAny>,
}

/// Refuses what is not allowed, and parameters that would be ignored.
async fn check(service: &Service, request: Request, known: &[&str]) -> Result<(), ApiError> {
    check_allowed(service)?;
    let deadline = service.deadline();
    let (parts, body) = request.into_parts();
    check_json(&parts.headers)?;
    let body = body::read(&parts.headers, body, LONGEST_WISH, deadline).await?;
    if body.is_empty() {
        return Ok(());
    }
    let wish: Wish = serde_json::from_slice(&body).map_err(|error| {
        ApiError::bad_request(format!("the request's JSON is invalid: {error}"))
    })?;
    match wish
        .parameters
        .keys()
        .find(|name| !known.contains(&name.as_str()))
    {
        None => Ok(()),
        Some(name) => Err(ApiError::bad_request(format!(
            "the parameter `{name}` is not supported"
        ))),
    }
}

fn check_allowed(service: &Service) -> Result<(), ApiError> {
    if service.options.model_control {
        return Ok(());
    }
    Err(ApiError::new(
        StatusCode::FORBIDDEN,
        "clients may not load or unload models here (the server's option model_control)",
    ))
}
