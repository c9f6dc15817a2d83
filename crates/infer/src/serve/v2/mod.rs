//! The Open Inference Protocol, version 2.

mod at_most;
mod config;
mod data;
mod infer;
mod metadata;
mod repository;
mod request;
mod response;

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::{get, post};

use super::routes::Service;

pub use response::JSON_LENGTH;

/// The one version of each model.
const VERSION: &str = "1";

/// All routes of the protocol.
pub fn routes() -> Router<Arc<Service>> {
    let mut router = Router::new()
        .route("/v2", get(metadata::server))
        .route("/v2/health/live", get(async || StatusCode::OK))
        .route("/v2/health/ready", get(ready))
        .route("/v2/repository/index", post(repository::index))
        .route("/v2/repository/models/{model}/load", post(repository::load))
        .route(
            "/v2/repository/models/{model}/unload",
            post(repository::unload),
        );
    for model in [
        "/v2/models/{model}",
        "/v2/models/{model}/versions/{version}",
    ] {
        router = router
            .route(model, get(metadata::model))
            .route(&format!("{model}/config"), get(config::model_config))
            .route(&format!("{model}/ready"), get(metadata::model_ready))
            .route(&format!("{model}/infer"), post(infer::infer));
    }
    router
}

async fn ready(State(service): State<Arc<Service>>) -> StatusCode {
    if service.is_ready() {
        StatusCode::OK
    } else {
        StatusCode::SERVICE_UNAVAILABLE
    }
}
