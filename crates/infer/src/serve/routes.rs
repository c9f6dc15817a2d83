//! Which handler answers which URL.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use axum::Router;
use axum::extract::{DefaultBodyLimit, MatchedPath, Request, State};
use axum::http::{StatusCode, header};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use tokio::time::Instant;

use super::api_error::ApiError;
use super::{Models, ServeError, ServeOptions, access, classify, metrics, page, v2};
use crate::Classifier;

/// What all handlers share.
pub struct Service {
    pub models: Arc<Models>,
    pub options: ServeOptions,
    /// Whether the server is being shut down.
    pub draining: AtomicBool,
}

impl Service {
    /// A model that is in service.
    pub fn model(&self, name: &str) -> Result<Arc<Classifier>, ApiError> {
        self.models.get(name)?.ok_or_else(|| {
            let message = format!("the model `{name}` is not loaded");
            ApiError::new(StatusCode::SERVICE_UNAVAILABLE, message)
        })
    }

    /// Whether every model is in service and requests are accepted.
    pub fn is_ready(&self) -> bool {
        let loaded = |name: &String| matches!(self.models.get(name), Ok(Some(_)));
        !self.draining.load(Ordering::Relaxed) && self.models.names().iter().all(loaded)
    }

    /// When a request that begins now has to be answered.
    pub fn deadline(&self) -> Instant {
        Instant::now() + self.options.timeout
    }
}

/// All routes.
pub fn router(service: Arc<Service>) -> Router {
    Router::new()
        .route("/", get(page::page))
        .route("/classify", post(classify::classify))
        .route("/metrics", get(metrics_text))
        .merge(v2::routes())
        .fallback(async || ApiError::new(StatusCode::NOT_FOUND, "there is nothing at this path"))
        .method_not_allowed_fallback(async || {
            ApiError::new(
                StatusCode::METHOD_NOT_ALLOWED,
                "this path does not know this method",
            )
        })
        .layer(from_fn_with_state(Arc::clone(&service), access::check))
        // Bodies are limited where they are read, by `body::read`.
        .layer(DefaultBodyLimit::disable())
        .layer(from_fn_with_state(Arc::clone(&service), count))
        .with_state(service)
}

/// Counts a request by its route and status.
async fn count(State(service): State<Arc<Service>>, request: Request, next: Next) -> Response {
    let route = request.extensions().get::<MatchedPath>();
    let route = route.map_or("none", MatchedPath::as_str).to_owned();
    let counted = service.models.metrics().http_started(&route);
    let response = next.run(request).await;
    tracing::debug!("{route}: {}", response.status());
    counted.answered(response.status().as_u16());
    response
}

async fn metrics_text(State(service): State<Arc<Service>>) -> Response {
    match service.models.metrics_text() {
        Ok(text) => ([(header::CONTENT_TYPE, metrics::CONTENT_TYPE)], text).into_response(),
        Err(error) => {
            ApiError::new(StatusCode::INTERNAL_SERVER_ERROR, error.to_string()).into_response()
        }
    }
}

/// A name that the client did not give.
pub fn default_model(models: &Models) -> Result<String, ApiError> {
    models.names().into_iter().next().ok_or_else(|| {
        ApiError::from(ServeError::Unknown {
            name: String::new(),
            known: Vec::new(),
        })
    })
}
