//! Who may ask: names that the service is reached by, pages of other origins, a token.
//!
//! A service at loopback is open to every page that the user's browser shows. Two
//! checks close it: a request names a host that is this service's (a page whose name
//! was pointed at 127.0.0.1 names its own), and what a browser sends for the page of
//! another origin, which it says in `Origin`, is refused unless that origin is allowed.

use std::net::IpAddr;
use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::uri::Authority;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};

use super::ServeOptions;
use super::api_error::ApiError;
use super::routes::Service;
use super::v2::JSON_LENGTH;

/// What pages of allowed origins may send and see.
const METHODS: &str = "GET, POST";
const HEADERS: &str = "authorization, content-type, inference-header-content-length";
/// Seconds for which a browser need not ask again.
const MAX_AGE: &str = "600";

/// Lets a request pass, answers it for a browser that asks whether it may be sent, or
/// refuses it.
pub async fn check(State(service): State<Arc<Service>>, request: Request, next: Next) -> Response {
    let origin = match allowed_origin(&service.options, &request) {
        Ok(origin) => origin,
        Err(refused) => return refused.into_response(),
    };
    let mut response = if origin.is_some() && is_preflight(&request) {
        let headers = [
            (header::ACCESS_CONTROL_ALLOW_METHODS, METHODS),
            (header::ACCESS_CONTROL_ALLOW_HEADERS, HEADERS),
            (header::ACCESS_CONTROL_MAX_AGE, MAX_AGE),
        ];
        (StatusCode::NO_CONTENT, headers).into_response()
    } else if has_token(&service.options, &request) {
        next.run(request).await
    } else {
        no_token()
    };
    if let Some(origin) = origin {
        let headers = response.headers_mut();
        headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
        headers.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, JSON_LENGTH.into());
        headers.append(header::VARY, header::ORIGIN.into());
    }
    response
}

/// Refuses a body that a form of another page could have sent. No body at all, as of
/// `curl --request POST`, passes: a browser says its origin with such.
pub fn check_json(headers: &HeaderMap) -> Result<(), ApiError> {
    let Some(kind) = headers.get(header::CONTENT_TYPE) else {
        return Ok(());
    };
    let kind = kind.to_str().unwrap_or_default();
    let kind = kind.split(';').next().unwrap_or_default().trim();
    if kind.eq_ignore_ascii_case("application/json") {
        return Ok(());
    }
    Err(ApiError::new(
        StatusCode::UNSUPPORTED_MEDIA_TYPE,
        format!("the body has the type {kind}, expected application/json"),
    ))
}

/// The origin whose pages may see the answer; `None` if no other origin asks.
fn allowed_origin(
    options: &ServeOptions,
    request: &Request,
) -> Result<Option<HeaderValue>, ApiError> {
    let host = request
        .uri()
        .authority()
        .map(|authority| authority.as_str())
        .or_else(|| request.headers().get(header::HOST)?.to_str().ok());
    if let Some(host) = host
        && !is_ours(options, host)
    {
        return Err(ApiError::new(
            StatusCode::MISDIRECTED_REQUEST,
            format!("the host {host} is not this service's (allow it with --allow-host)"),
        ));
    }
    let Some(origin) = request.headers().get(header::ORIGIN) else {
        return Ok(None);
    };
    let text = origin.to_str().unwrap_or_default();
    if options
        .cors
        .iter()
        .any(|allowed| allowed == "*" || allowed == text)
    {
        return Ok(Some(origin.clone()));
    }
    let authority = text.split_once("://").map(|(_, authority)| authority);
    // The page of this service. A GET of another page changes nothing, and the browser
    // keeps the answer from it.
    let own = host.is_some() && authority == host;
    if own || request.method() == Method::GET {
        return Ok(None);
    }
    Err(ApiError::new(
        StatusCode::FORBIDDEN,
        format!("pages of {text} may not use this service (allow them with --cors)"),
    ))
}

/// Whether a host, with its port or without, may be what this service is called.
fn is_ours(options: &ServeOptions, host: &str) -> bool {
    let Ok(authority) = host.parse::<Authority>() else {
        return false;
    };
    let name = authority.host();
    let allowed = |allowed: &String| allowed.eq_ignore_ascii_case(name);
    if options.allowed_hosts.iter().any(allowed) {
        return true;
    }
    // Whoever opens the service to a network says by that what it is called there.
    let open = options.allowed_hosts.is_empty() && !options.listen.ip().is_loopback();
    let bare = name.trim_start_matches('[').trim_end_matches(']');
    // An address is no name that could be pointed elsewhere.
    open || name.eq_ignore_ascii_case("localhost") || bare.parse::<IpAddr>().is_ok()
}

/// Whether a request has the service's token, or is one that needs none: inference and
/// control are POST; pages, health and metrics are for whoever watches.
fn has_token(options: &ServeOptions, request: &Request) -> bool {
    let Some(token) = options
        .token
        .as_ref()
        .filter(|_| request.method() == Method::POST)
    else {
        return true;
    };
    let given = request.headers().get(header::AUTHORIZATION);
    let given = given.and_then(|value| value.as_bytes().strip_prefix(b"Bearer "));
    given.is_some_and(|given| equal_in_constant_time(given, token.as_bytes()))
}

fn no_token() -> Response {
    let error = ApiError::new(
        StatusCode::UNAUTHORIZED,
        "this needs the service's token (Authorization: Bearer TOKEN)",
    );
    ([(header::WWW_AUTHENTICATE, "Bearer")], error).into_response()
}

fn is_preflight(request: &Request) -> bool {
    request.method() == Method::OPTIONS
        && request
            .headers()
            .contains_key(header::ACCESS_CONTROL_REQUEST_METHOD)
}

/// Compares without telling by its time how far the two agree.
fn equal_in_constant_time(a: &[u8], b: &[u8]) -> bool {
    let difference = a.iter().zip(b).fold(0, |sum, (a, b)| sum | (a ^ b));
    a.len() == b.len() && difference == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_loopback_and_addresses_are_ours_and_others_by_option() {
        let mut options = ServeOptions::default();
        for (host, ours) in [
            ("localhost:8000", true),
            ("LOCALHOST", true),
            ("127.0.0.1:8000", true),
            ("[::1]:8000", true),
            ("192.168.0.7", true),
            ("evil.example:8000", false),
            ("localhost.evil.example", false),
            ("127.0.0.1.evil.example", false),
            ("", false),
            ("a b", false),
        ] {
            assert_eq!(is_ours(&options, host), ours, "{host}");
        }
        options.allowed_hosts = vec!["infer.example".to_owned()];
        assert!(is_ours(&options, "infer.example:80"));
        assert!(!is_ours(&options, "evil.example"));
        options.listen = "0.0.0.0:8000".parse().unwrap();
        assert!(!is_ours(&options, "evil.example"));
        options.allowed_hosts.clear();
        assert!(is_ours(&options, "infer-7.cluster.local"));
    }

    #[test]
    fn tokens_are_equal_as_a_whole() {
        assert!(equal_in_constant_time(b"abc", b"abc"));
        for other in [&b"abd"[..], b"ab", b"abcd", b""] {
            assert!(!equal_in_constant_time(b"abc", other));
        }
    }
}
