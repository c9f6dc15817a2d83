//! Requests from browsers, under other names, without a token.

use std::io::Write as _;

use super::client::{Response, connect, request};
use super::process::{Service, digit_png};

const LOAD: &str = "/v2/repository/models/digits/load";

/// A request with exactly these lines in its head.
fn with_head(service: &Service, head: &str) -> Response {
    let mut stream = connect(service.address);
    let head = head.replace('\n', "\r\n");
    let request = format!("{head}\r\nconnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).unwrap();
    Response::read(stream)
}

#[test]
fn a_name_that_was_pointed_here_is_refused() {
    let service = Service::start(&["--allow-host", "infer.example"]);
    for (host, status) in [
        ("localhost:8000", 200),
        ("127.0.0.1", 200),
        ("infer.example", 200),
        ("evil.example", 421),
        ("localhost.evil.example:8000", 421),
    ] {
        let response = with_head(&service, &format!("GET /v2 HTTP/1.1\nhost: {host}"));
        assert_eq!(response.status, status, "{host}");
    }
    // The target's own host comes before the header.
    let absolute = "GET http://evil.example/v2 HTTP/1.1\nhost: localhost";
    assert_eq!(with_head(&service, absolute).status, 421);
}

#[test]
fn a_page_of_another_origin_changes_nothing_and_infers_nothing() {
    let service = Service::start(&["--model-control", "--cors", "https://app.example"]);
    let own = format!("http://{}", service.address);
    let host = service.address.to_string();
    for (origin, status) in [
        (own.as_str(), 200),
        ("https://app.example", 200),
        ("http://evil.example", 403),
        ("https://app.example.evil", 403),
        ("null", 403),
    ] {
        let load =
            format!("POST {LOAD} HTTP/1.1\nhost: {host}\norigin: {origin}\ncontent-length: 0");
        let response = with_head(&service, &load);
        assert_eq!(response.status, status, "{origin}");
        let told = response.header("access-control-allow-origin");
        assert_eq!(told, (origin == "https://app.example").then_some(origin));
    }
    // What a form sends, where a browser does not tell its origin.
    for (kind, status) in [
        ("text/plain", 415),
        ("application/x-www-form-urlencoded", 415),
        ("application/json", 200),
    ] {
        let kind = [("content-type", kind)];
        let response = request(service.address, "POST", LOAD, &kind, b"{}");
        assert_eq!(response.status, status, "{kind:?}");
    }
    let asked = "OPTIONS /classify HTTP/1.1\nhost: localhost\norigin: https://app.example\n\
        access-control-request-method: POST\ncontent-length: 0";
    let mut stream = connect(service.address);
    let asked = asked.replace('\n', "\r\n") + "\r\nconnection: close\r\n\r\n";
    stream.write_all(asked.as_bytes()).unwrap();
    let mut answer = String::new();
    std::io::Read::read_to_string(&mut stream, &mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 204"), "{answer}");
    assert!(
        answer.contains("access-control-allow-methods: GET, POST"),
        "{answer}"
    );
}

#[test]
fn inference_and_control_ask_for_the_token() {
    let folder = tempfile::tempdir().unwrap();
    let token = folder.path().join("token");
    std::fs::write(&token, "s3cret\n").unwrap();
    let service = Service::start(&["--token-file", token.to_str().unwrap()]);
    let file = digit_png(0);
    for (headers, status) in [
        (&[][..], 401),
        (&[("authorization", "Bearer other")], 401),
        (&[("authorization", "s3cret")], 401),
        (&[("authorization", "Bearer s3cret")], 200),
    ] {
        let response = request(service.address, "POST", "/classify", headers, &file);
        assert_eq!(response.status, status, "{headers:?}");
        let challenge = response.header("www-authenticate");
        assert_eq!(challenge, (status == 401).then_some("Bearer"));
        let infer = "/v2/models/digits/infer";
        let response = request(service.address, "POST", infer, headers, b"{}");
        assert_eq!(response.status == 401, status == 401);
    }
    assert_eq!(
        request(service.address, "GET", "/metrics", &[], b"").status,
        200
    );
}
