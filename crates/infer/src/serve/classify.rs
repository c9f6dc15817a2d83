//! `POST /classify`: an image file in, its classes out.

use std::sync::Arc;

use axum::Json;
use axum::body::{Body, Bytes};
use axum::extract::rejection::QueryRejection;
use axum::extract::{FromRequest as _, Multipart, Query, Request, State};
use axum::http::header;
use serde::{Deserialize, Serialize};
use tokio::time::timeout_at;

use super::api_error::ApiError;
use super::body;
use super::routes::{Service, default_model};

/// Classes shown when the client does not say.
const TOP: usize = 5;

/// The URL's query.
#[derive(Deserialize)]
pub struct Parameters {
    /// A model's name; the first model's by default.
    model: Option<String>,
    /// Classes to show.
    top: Option<usize>,
}

/// The answer.
#[derive(Serialize)]
pub struct Answer {
    model: String,
    /// The most probable classes, best first.
    top: Vec<ClassAnswer>,
}

/// A class and its probability.
#[derive(Serialize)]
struct ClassAnswer {
    index: usize,
    class: String,
    probability: f32,
}

/// Classifies the image file that is the body, or the file of a form.
pub async fn classify(
    State(service): State<Arc<Service>>,
    parameters: Result<Query<Parameters>, QueryRejection>,
    request: Request,
) -> Result<Json<Answer>, ApiError> {
    let deadline = service.deadline();
    let Query(Parameters { model, top }) =
        parameters.map_err(|rejected| ApiError::bad_request(rejected.body_text()))?;
    let model = match model {
        Some(model) => model,
        None => default_model(&service.models)?,
    };
    let classifier = service.model(&model)?;

    let (parts, body) = request.into_parts();
    let bytes = body::read(&parts.headers, body, service.options.max_body, deadline).await?;
    let is_form = parts
        .headers
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .is_some_and(|value| value.starts_with("multipart/form-data"));
    let file = if is_form {
        file_of_form(Request::from_parts(parts, Body::from(bytes))).await?
    } else {
        bytes
    };

    let request = crate::Request::encoded(file).deadline(deadline.into_std());
    let answer = timeout_at(deadline, classifier.classify_async(request))
        .await
        .map_err(|_| ApiError::late())??;
    let classes = &classifier.contract().classes;
    let top = answer.top(top.unwrap_or(TOP)).into_iter();
    let top = top.map(|(index, probability)| ClassAnswer {
        index,
        class: classes[index].clone(),
        probability,
    });
    Ok(Json(Answer {
        model,
        top: top.collect(),
    }))
}

/// The one field of a form that has a file name.
async fn file_of_form(request: Request) -> Result<Bytes, ApiError> {
    let invalid = |error: &dyn std::fmt::Display| {
        ApiError::bad_request(format!("the form data cannot be read: {error}"))
    };
    let mut form = Multipart::from_request(request, &())
        .await
        .map_err(|error| invalid(&error.body_text()))?;
    let mut file = None;
    while let Some(field) = form
        .next_field()
        .await
        .map_err(|error| invalid(&error.body_text()))?
    {
        if field.file_name().is_some() {
            if file.is_some() {
                return Err(ApiError::bad_request(
                    "the form data hold more than one file; send each by itself",
                ));
            }
            let bytes = field.bytes().await;
            file = Some(bytes.map_err(|error| invalid(&error.body_text()))?);
        }
    }
    file.ok_or_else(|| ApiError::bad_request("the form data hold no file"))
}
