//! The Open Inference Protocol: metadata, health, JSON and binary tensors.

use infer::{Classification, Classifier};
use serde_json::{Value, json};

use super::client::{Response, get, post, request};
use super::process::{Service, digit};
use crate::open;

const INFER: &str = "/v2/models/digits/infer";

/// What the library says about the first digits.
fn expected(count: usize) -> Vec<Classification> {
    let pixels: Vec<u8> = (0..count).flat_map(digit).collect();
    open(Classifier::builder().sessions(1))
        .classify_batch(&pixels)
        .unwrap()
}

/// A JSON request for digits.
fn json_request(data: Value, images: usize) -> Value {
    json!({"inputs": [
        {"name": "image", "datatype": "UINT8", "shape": [images, 8, 8, 3], "data": data}
    ]})
}

/// A binary request, with `extra` in its JSON.
fn binary_request(address: std::net::SocketAddr, pixels: &[u8], extra: &Value) -> Response {
    let mut document = json!({"inputs": [{
        "name": "image", "datatype": "UINT8", "shape": [pixels.len() / 192, 8, 8, 3],
        "parameters": {"binary_data_size": pixels.len()},
    }]});
    for (key, value) in extra.as_object().unwrap() {
        document[key] = value.clone();
    }
    let mut body = document.to_string().into_bytes();
    let length = body.len().to_string();
    body.extend(pixels);
    let headers = [("Inference-Header-Content-Length", length.as_str())];
    request(address, "POST", INFER, &headers, &body)
}

/// The values of an output in JSON.
fn values(answer: &Value, name: &str) -> Vec<f32> {
    let outputs = answer["outputs"].as_array().unwrap();
    let output = outputs.iter().find(|output| output["name"] == name);
    let data = output.unwrap()["data"].as_array().unwrap();
    data.iter().map(|v| v.as_f64().unwrap() as f32).collect()
}

fn assert_close(a: &[f32], b: &[f32]) {
    assert_eq!(a.len(), b.len());
    for (a, b) in a.iter().zip(b) {
        assert!((a - b).abs() < 1e-4, "{a} and {b}");
    }
}

#[test]
fn health_and_metadata() {
    let service = Service::start(&[]);
    for path in [
        "/v2/health/live",
        "/v2/health/ready",
        "/v2/models/digits/ready",
        "/v2/models/digits/versions/1/ready",
    ] {
        assert_eq!(get(service.address, path).status, 200, "{path}");
    }
    assert_eq!(
        get(service.address, "/v2/models/digits/config").json(),
        json!({
            "name": "digits",
            "platform": "onnxruntime_onnx",
            "backend": "onnxruntime",
            "max_batch_size": 256,
            "input": [{"name": "image", "data_type": "TYPE_UINT8", "dims": [8, 8, 3]}],
            "output": [
                {"name": "logits", "data_type": "TYPE_FP32", "dims": [10]},
                {"name": "probabilities", "data_type": "TYPE_FP32", "dims": [10]},
            ],
        })
    );
    let server = get(service.address, "/v2").json();
    assert_eq!(server["name"], "infer");
    assert_eq!(server["extensions"][0], "binary_tensor_data");
    assert_eq!(
        get(service.address, "/v2/models/digits").json(),
        json!({
            "name": "digits",
            "versions": ["1"],
            "platform": "onnxruntime_onnx",
            "inputs": [{"name": "image", "datatype": "UINT8", "shape": [-1, 8, 8, 3]}],
            "outputs": [
                {"name": "logits", "datatype": "FP32", "shape": [-1, 10]},
                {"name": "probabilities", "datatype": "FP32", "shape": [-1, 10]},
            ],
        })
    );
}

#[test]
fn json_tensors_flat_and_nested() {
    let service = Service::start(&[]);
    let pixels: Vec<u8> = (0..3).flat_map(digit).collect();
    let rows: Vec<_> = pixels.chunks(3).collect();
    let lines: Vec<_> = rows.chunks(8).collect();
    let nested: Vec<_> = lines.chunks(8).collect();
    let expected = expected(3);
    for data in [json!(pixels), json!(nested)] {
        let mut document = json_request(data, 3);
        document["id"] = json!("a request");
        let response = post(service.address, INFER, document.to_string().as_bytes());
        let answer = response.json();
        assert_eq!(response.status, 200, "{answer}");
        assert_eq!(answer["model_name"], "digits");
        assert_eq!(answer["id"], "a request");
        assert_eq!(answer["outputs"][0]["shape"], json!([3, 10]));
        let flat = |row: fn(&Classification) -> &Vec<f32>| -> Vec<f32> {
            expected.iter().flat_map(|c| row(c).clone()).collect()
        };
        assert_close(&values(&answer, "logits"), &flat(|c| &c.logits));
        assert_close(
            &values(&answer, "probabilities"),
            &flat(|c| &c.probabilities),
        );
    }
}

#[test]
fn binary_tensors_in_and_out() {
    let service = Service::start(&[]);
    let pixels: Vec<u8> = (0..2).flat_map(digit).collect();
    let outputs = json!({"outputs": [
        {"name": "probabilities", "parameters": {"binary_data": true}},
        {"name": "logits", "parameters": {"binary_data": false}},
    ]});
    let response = binary_request(service.address, &pixels, &outputs);
    assert_eq!(response.status, 200);
    let length: usize = response
        .header("inference-header-content-length")
        .unwrap()
        .parse()
        .unwrap();
    let (json, binary) = response.body.split_at(length);
    let answer: Value = serde_json::from_slice(json).unwrap();
    assert_eq!(answer["outputs"][0]["parameters"]["binary_data_size"], 80);
    let floats: Vec<f32> = binary
        .chunks_exact(4)
        .map(|bytes| f32::from_le_bytes(bytes.try_into().unwrap()))
        .collect();
    let expected = expected(2);
    for (i, expected) in expected.iter().enumerate() {
        let row = i * 10..(i + 1) * 10;
        assert_close(&floats[row.clone()], &expected.probabilities);
        assert_close(&values(&answer, "logits")[row], &expected.logits);
    }

    // Everything binary, without naming the outputs.
    let all = json!({"parameters": {"binary_data_output": true}});
    let response = binary_request(service.address, &pixels, &all);
    let length = response.header("inference-header-content-length").unwrap();
    assert_eq!(response.body.len() - length.parse::<usize>().unwrap(), 160);
}

#[test]
fn classes_by_name() {
    let service = Service::start(&[]);
    let asked = json!({"outputs": [
        {"name": "probabilities", "parameters": {"classification": 2}},
    ]});
    let answer = binary_request(service.address, &digit(0), &asked).json();
    let output = &answer["outputs"][0];
    assert_eq!(output["datatype"], "BYTES");
    assert_eq!(output["shape"], json!([1, 2]));
    let (class, probability) = expected(1)[0].top(1)[0];
    let parts: Vec<_> = output["data"][0].as_str().unwrap().split(':').collect();
    assert_close(&[parts[0].parse().unwrap()], &[probability]);
    assert_eq!(parts[1..], [&class.to_string(), &class.to_string()]);
}

#[test]
fn wrong_requests_are_refused_with_the_reason() {
    let service = Service::start(&["--queue", "4"]);
    let good = json_request(json!(digit(0)), 1);
    let with = |pointer: &str, value: Value| {
        let mut document = good.clone();
        *document.pointer_mut(pointer).unwrap() = value;
        document.to_string()
    };
    let many = json_request(json!(vec![0; 5 * 192]), 5);
    for (body, words) in [
        ("no JSON".to_owned(), "JSON is invalid"),
        (String::new(), "JSON is invalid"),
        (with("/inputs", json!([])), "0 inputs"),
        (with("/inputs/0/name", json!("x")), "unknown input `x`"),
        (with("/inputs/0/datatype", json!("FP32")), "type FP32"),
        (with("/inputs/0/shape", json!([1, 8, 8])), "shape [1, 8, 8]"),
        (with("/inputs/0/shape", json!([1, 9, 8, 3])), "[n, 8, 8, 3]"),
        (with("/inputs/0/shape", json!([0, 8, 8, 3])), "[n, 8, 8, 3]"),
        (
            with("/inputs/0/shape", json!([-1, 8, 8, 3])),
            "JSON is invalid",
        ),
        (with("/inputs/0/shape", json!([2, 8, 8, 3])), "192 values"),
        (
            with("/inputs/0/shape", json!([u64::MAX, 8, 8, 3])),
            "192 values",
        ),
        (with("/inputs/0/data", json!([256])), "0 to 255"),
        (with("/inputs/0/data", json!(["1"])), "0 to 255"),
        (with("/inputs/0/data", json!(null)), "either `data` or"),
        (many.to_string(), "more than the queue holds (4)"),
    ] {
        let response = post(service.address, INFER, body.as_bytes());
        assert_eq!(response.status, 400, "{body}");
        let error = response.error();
        assert!(error.contains(words), "`{words}` is missing: {error}");
    }

    // Neither may a client multiply the answer, nor the lists that are read.
    let twice = |name: &str| json!([{"name": "logits"}, {"name": name}]);
    for (key, list, words) in [
        ("outputs", twice("logits"), "`logits` is asked for twice"),
        (
            "outputs",
            json!(vec![json!({"name": "logits"}); 30_000]),
            "a list of at most 2",
        ),
        (
            "inputs",
            json!(vec![&good["inputs"][0]; 2]),
            "a list of at most 1",
        ),
        (
            "inputs",
            json!(vec![&good["inputs"][0]; 1000]),
            "a list of at most 1",
        ),
    ] {
        let mut document = good.clone();
        document[key] = list;
        let response = post(service.address, INFER, document.to_string().as_bytes());
        assert_eq!(response.status, 400, "{words}");
        let error = response.error();
        assert!(error.contains(words), "`{words}` is missing: {error}");
    }
    // An error does not echo megabytes.
    let long = with("/inputs/0/data", json!("A".repeat(1_000_000)));
    let response = post(service.address, INFER, long.as_bytes());
    assert_eq!(response.status, 400);
    assert!(response.body.len() < 2000, "{}", response.body.len());

    let unknown = json!({"outputs": [{"name": "x"}]});
    let response = binary_request(service.address, &digit(0), &unknown);
    assert!(response.error().contains("unknown output `x`"));
    let short = json!({"inputs": [{
        "name": "image", "datatype": "UINT8", "shape": [1, 8, 8, 3],
        "parameters": {"binary_data_size": 200},
    }]});
    let response = binary_request(service.address, &digit(0), &short);
    assert!(response.error().contains("192 bytes follow the JSON"));
    for length in ["99999", "-1", "x"] {
        let headers = [("Inference-Header-Content-Length", length)];
        let response = request(service.address, "POST", INFER, &headers, b"{}");
        assert_eq!(response.status, 400, "{length}");
    }

    for (path, status) in [
        ("/v2/models/other/infer", 404),
        ("/v2/models/digits/versions/2/infer", 404),
    ] {
        assert_eq!(post(service.address, path, b"{}").status, status);
    }
    assert!(
        get(service.address, "/v2/models/other")
            .error()
            .contains("digits")
    );
    // After all that it still works.
    let response = post(service.address, INFER, good.to_string().as_bytes());
    assert_eq!(response.status, 200);
}
