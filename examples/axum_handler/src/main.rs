//! The classifier in a handler of your own axum service.
//!
//! ```text
//! cargo run --release -p example-axum-handler -- MODEL.onnx [ADDRESS]
//! curl --data-binary @cat.jpg http://127.0.0.1:3000/
//! ```

use std::env;
use std::error::Error;
use std::path::Path;
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Json;
use axum::routing::post;
use infer::{Classifier, InferError, Request};
use serde_json::{Value, json};

/// An answer that comes later is worth nothing.
const TIMEOUT: Duration = Duration::from_secs(2);

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut args = env::args().skip(1);
    let model = args
        .next()
        .ok_or("usage: example-axum-handler MODEL.onnx [ADDRESS]")?;
    let address = args.next().unwrap_or_else(|| "127.0.0.1:3000".to_owned());
    let classifier = Classifier::builder()
        .warm_up(true)
        .from_file(Path::new(&model))?;

    let app = Router::new()
        .route("/", post(classify))
        .with_state(classifier.clone());
    let listener = tokio::net::TcpListener::bind(address).await?;
    println!("http://{}", listener.local_addr()?);
    axum::serve(listener, app)
        .with_graceful_shutdown(async {
            let _ = tokio::signal::ctrl_c().await;
        })
        .await?;
    classifier.shutdown();
    Ok(())
}

/// Neither decoding nor inference happens on the executor's threads. A client
/// that goes away drops the future, and the image is not classified.
async fn classify(
    State(classifier): State<Classifier>,
    file: Bytes,
) -> Result<Json<Value>, (StatusCode, String)> {
    let request = Request::encoded(file).timeout(TIMEOUT);
    let answer = classifier
        .classify_async(request)
        .await
        .map_err(|error| (status(&error), error.to_string()))?;
    let (class, probability) = answer.top(1)[0];
    Ok(Json(json!({
        "class": classifier.contract().classes[class],
        "probability": probability,
    })))
}

/// What the client did wrong, or is to try again later, or neither.
fn status(error: &InferError) -> StatusCode {
    match error {
        InferError::Overloaded { .. } | InferError::ShutDown => StatusCode::SERVICE_UNAVAILABLE,
        InferError::DeadlineExceeded => StatusCode::GATEWAY_TIMEOUT,
        InferError::Dataset(_) | InferError::TooManyPixels { .. } => StatusCode::BAD_REQUEST,
        _ => StatusCode::INTERNAL_SERVER_ERROR,
    }
}
