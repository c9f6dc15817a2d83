//! Triton's model repository extension.

use serde_json::json;

use super::client::{get, post};
use super::process::{Service, digit_png};

const LOAD: &str = "/v2/repository/models/digits/load";
const UNLOAD: &str = "/v2/repository/models/digits/unload";

#[test]
fn clients_may_not_control_models_unless_it_is_allowed() {
    let service = Service::start(&[]);
    for path in [LOAD, UNLOAD] {
        assert_eq!(post(service.address, path, b"{}").status, 403);
    }
    assert_eq!(
        post(service.address, "/v2/repository/index", b"").json(),
        json!([{"name": "digits", "version": "1", "state": "READY", "reason": ""}])
    );
}

#[test]
fn a_model_is_unloaded_and_loaded() {
    let service = Service::start(&["--model-control"]);
    let state = || post(service.address, "/v2/repository/index", b"").json()[0]["state"].clone();
    assert_eq!(post(service.address, UNLOAD, b"{}").status, 200);
    assert_eq!(state(), "UNAVAILABLE");
    assert_eq!(get(service.address, "/v2/health/live").status, 200);
    assert_eq!(get(service.address, "/v2/health/ready").status, 503);
    let response = post(service.address, "/classify", &digit_png(0));
    assert_eq!(
        (response.status, response.header("retry-after")),
        (503, Some("1"))
    );
    assert_eq!(post(service.address, LOAD, b"{}").status, 200);
    assert_eq!(state(), "READY");
    assert_eq!(
        post(service.address, "/classify", &digit_png(0)).status,
        200
    );
    // What Triton's client sends, and what would be ignored.
    for (path, wish, status) in [
        (
            UNLOAD,
            json!({"parameters": {"unload_dependents": false}}),
            200,
        ),
        (LOAD, json!({"parameters": {}}), 200),
        (LOAD, json!({"parameters": {"config": "{}"}}), 400),
        (UNLOAD, json!({"parameters": {"other": 1}}), 400),
    ] {
        let response = post(service.address, path, wish.to_string().as_bytes());
        assert_eq!(response.status, status, "{wish}");
    }
    assert_eq!(post(service.address, LOAD, b"no JSON").status, 400);
    let unknown = "/v2/repository/models/other/load";
    assert_eq!(post(service.address, unknown, b"").status, 404);
}
