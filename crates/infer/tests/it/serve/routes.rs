//! `/classify`, the page, the metrics, unknown paths; how the service starts.

use std::net::TcpListener;

use infer::Classifier;

use super::client::{Response, get, post, request};
use super::process::{Service, awkward, digit, digit_png};
use crate::cli::{infer, model, text};
use crate::open;

/// Sends a file as a browser's form does.
fn post_form(service: &Service, path: &str, field: &str, file: &[u8]) -> Response {
    let mut body = format!(
        "--line\r\ncontent-disposition: form-data; name=\"note\"\r\n\r\nhello\r\n\
         --line\r\ncontent-disposition: form-data; {field}\r\n\r\n"
    )
    .into_bytes();
    body.extend(file);
    body.extend(b"\r\n--line--\r\n");
    let headers = [("content-type", "multipart/form-data; boundary=line")];
    request(service.address, "POST", path, &headers, &body)
}

#[test]
fn an_image_file_is_classified_as_the_library_does() {
    let service = Service::start(&[]);
    let classifier = open(Classifier::builder().sessions(1));
    for i in 0..5 {
        let expected = classifier.classify_pixels(&digit(i)).unwrap();
        let (class, probability) = expected.top(1)[0];
        let file = "name=\"file\"; filename=\"digit.png\"";
        for response in [
            post(service.address, "/classify", &digit_png(i)),
            post_form(&service, "/classify?model=digits", file, &digit_png(i)),
        ] {
            let answer = response.json();
            assert_eq!(response.status, 200, "{answer}");
            assert_eq!(answer["model"], "digits");
            assert_eq!(answer["top"].as_array().unwrap().len(), 5);
            let best = &answer["top"][0];
            assert_eq!(best["index"], class);
            assert_eq!(best["class"], classifier.contract().classes[class]);
            let difference = best["probability"].as_f64().unwrap() as f32 - probability;
            assert!(difference.abs() < 1e-4);
        }
    }
    let answer = post(
        service.address,
        "/classify?top=2",
        &awkward("orientation-6.jpg"),
    );
    assert_eq!(answer.json()["top"].as_array().unwrap().len(), 2);
}

#[test]
fn what_is_no_image_is_refused() {
    let service = Service::start(&["--max-pixels", "1"]);
    for (file, words) in [
        (awkward("truncated.png"), "image"),
        (awkward("bomb-memory.png"), "more than 1000000 in all"),
        (awkward("bomb-side.png"), "image"),
        (awkward("text.jpg"), "unknown image format"),
        (Vec::new(), "the file is empty"),
    ] {
        let response = post(service.address, "/classify", &file);
        assert_eq!(response.status, 400);
        let error = response.error();
        assert!(error.contains(words), "`{words}` is missing: {error}");
    }
    let response = post_form(&service, "/classify", "name=\"file\"", b"text");
    assert_eq!(
        (response.status, response.error().as_str()),
        (400, "the form data hold no file")
    );
    assert_eq!(post(service.address, "/classify?model=x", b"").status, 404);
    let second =
        b"a\r\n--line\r\ncontent-disposition: form-data; name=\"b\"; filename=\"b\"\r\n\r\nb";
    let response = post_form(&service, "/classify", "name=\"a\"; filename=\"a\"", second);
    assert_eq!(response.status, 400);
    assert!(response.error().contains("more than one file"));
    let response = post(service.address, "/classify?top=x", b"");
    assert_eq!(response.status, 400);
    assert!(!response.error().is_empty());
    assert_eq!(service.metric("infer_requests_total", "refused"), 5);
}

#[test]
fn several_models_answer_under_their_names() {
    let (_folder, path) = model();
    let second = format!("second={}", path.display());
    let service = Service::start(&["--model", &second]);
    for name in ["digits", "second"] {
        let path = format!("/classify?model={name}");
        let answer = post(service.address, &path, &digit_png(0)).json();
        assert_eq!(answer["model"], name);
        assert_eq!(
            service.metric("infer_requests_total", &format!("\"{name}\"")),
            1
        );
    }
}

#[test]
fn the_page_brings_everything_with_it() {
    let service = Service::start(&[]);
    let page = get(service.address, "/");
    assert_eq!(page.status, 200);
    assert_eq!(
        page.header("content-type"),
        Some("text/html; charset=utf-8")
    );
    let policy = page.header("content-security-policy").unwrap();
    assert!(policy.starts_with("default-src 'none'"));
    assert!(!String::from_utf8(page.body).unwrap().contains("://"));
}

#[test]
fn metrics_are_openmetrics() {
    let service = Service::start(&[]);
    post(service.address, "/classify", &digit_png(0));
    let response = get(service.address, "/metrics");
    let text = String::from_utf8(response.body.clone()).unwrap();
    let kind = response.header("content-type").unwrap();
    assert!(kind.starts_with("application/openmetrics-text"));
    assert!(text.ends_with("# EOF\n"));
    for line in [
        "infer_requests_total{model=\"digits\",outcome=\"classified\"} 1",
        "infer_requests_in_flight{model=\"digits\"} 0",
        "infer_batch_images_count{model=\"digits\"} 1",
        "infer_model_loads_total{model=\"digits\",result=\"ok\"} 1",
        "infer_http_requests_total{route=\"/classify\",status=\"200\"} 1",
    ] {
        assert!(text.contains(line), "`{line}` is missing in\n{text}");
    }
    if cfg!(target_os = "linux") {
        assert!(service.metric("process_resident_memory_bytes", "") > 1 << 20);
    }
}

#[test]
fn unknown_paths_and_methods_are_errors_in_json() {
    let service = Service::start(&[]);
    assert_eq!(get(service.address, "/nothing").status, 404);
    assert!(!get(service.address, "/nothing").error().is_empty());
    let response = get(service.address, "/classify");
    assert_eq!(response.status, 405);
    assert!(response.error().contains("method"));
}

#[test]
fn a_service_that_cannot_start_says_why() {
    let (_folder, path) = model();
    let model = format!("digits={}", text(&path));
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    for (arguments, words) in [
        (
            vec!["--model", &model, "--listen", &address],
            address.as_str(),
        ),
        (vec!["--model", "x=no/such.onnx"], "no/such.onnx"),
        (vec!["--model", &model, "--model", &model], "two models"),
        (vec!["--model", "a b=x.onnx"], "`a b`"),
    ] {
        let output = infer(&[&["serve", "--device", "cpu"], arguments.as_slice()].concat());
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(1), "{stderr}");
        let error = stderr.lines().find(|line| line.starts_with("error: "));
        assert!(error.unwrap().contains(words), "{stderr}");
        assert!(
            stderr.lines().any(|line| line.starts_with("hint: ")),
            "{stderr}"
        );
    }
    assert_eq!(infer(&["serve"]).status.code(), Some(2));
}
