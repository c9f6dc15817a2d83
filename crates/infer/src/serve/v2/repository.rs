//! Triton's model repository extension: which models there are, loading and
//! unloading them.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use serde::Serialize;

use super::VERSION;
use crate::serve::api_error::ApiError;
use crate::serve::routes::Service;

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
) -> Result<StatusCode, ApiError> {
    check_allowed(&service)?;
    service.models.load(&model).await?;
    Ok(StatusCode::OK)
}

/// `POST /v2/repository/models/{model}/unload`.
pub async fn unload(
    State(service): State<Arc<Service>>,
    Path(model): Path<String>,
) -> Result<StatusCode, ApiError> {
    check_allowed(&service)?;
    service.models.unload(&model).await?;
    Ok(StatusCode::OK)
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
