//! Everything at once: clients that misbehave in every way, a model's file that
//! is replaced, and clients that check each answer. A short form of
//! `tools/serve/faults.py`.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write as _;
use std::net::{SocketAddr, TcpStream};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use infer::{Classification, Classifier};
use serde_json::json;

use super::client::{Response, connect, post, post_chunks, request, send_head, try_request};
use super::process::{Service, awkward, digit, digit_png, wait_until};
use super::reload::renamed;
use crate::open;

/// Stands for the status of an answer that was not waited for.
const HUNG_UP: u16 = 0;
/// Requests of each client that misbehaves.
const TIMES: u64 = 20;
/// Digits that are asked for.
const DIGITS: usize = 50;

/// What is done wrong once; gives the answer's status.
type Once = fn(SocketAddr) -> u16;

/// Ways to misbehave, and the statuses that are right. What comes as far as the
/// queue may find it full.
const WAYS: [(&str, Once, &[u16]); 11] = [
    ("no body", |a| hang_up(a, 0.0), &[HUNG_UP]),
    ("half a body", |a| hang_up(a, 0.5), &[HUNG_UP]),
    ("gone after the body", |a| hang_up(a, 1.0), &[HUNG_UP]),
    ("announced too large", announced_too_large, &[413]),
    (
        "too large",
        |a| post_chunks(a, "/classify", 17).status,
        &[413],
    ),
    ("slow body", slow_body, &[200, 503]),
    (
        "truncated",
        |a| classify(a, &awkward("truncated.png")),
        &[400, 503],
    ),
    (
        "bomb",
        |a| classify(a, &awkward("bomb-memory.png")),
        &[400, 503],
    ),
    ("text", |a| classify(a, b"no picture"), &[400, 503]),
    ("wrong shape", |a| tensor(a, 7, 192, 192), &[400]),
    ("wrong byte count", |a| tensor(a, 8, 192, 191), &[400]),
];

fn hang_up(address: SocketAddr, share: f64) -> u16 {
    let file = digit_png(0);
    let mut stream = start_file(address, &file);
    let sent = (file.len() as f64 * share) as usize;
    stream.write_all(&file[..sent]).unwrap();
    HUNG_UP
}

fn announced_too_large(address: SocketAddr) -> u16 {
    let mut stream = connect(address);
    let headers = [("content-length", "1048577")];
    send_head(&mut stream, "POST", "/classify", &headers).unwrap();
    Response::read(stream).status
}

/// A whole body in the end.
fn slow_body(address: SocketAddr) -> u16 {
    let file = digit_png(0);
    let mut stream = start_file(address, &file);
    for piece in file.chunks(file.len().div_ceil(5)) {
        thread::sleep(Duration::from_millis(20));
        stream.write_all(piece).unwrap();
    }
    Response::read(stream).status
}

/// Sends the head of a request that announces a file.
fn start_file(address: SocketAddr, file: &[u8]) -> TcpStream {
    let mut stream = connect(address);
    let length = file.len().to_string();
    let headers = [("content-length", length.as_str())];
    send_head(&mut stream, "POST", "/classify", &headers).unwrap();
    stream
}

fn classify(address: SocketAddr, file: &[u8]) -> u16 {
    post(address, "/classify", file).status
}

/// A binary tensor of `height` rows that announces and sends so many bytes.
fn tensor(address: SocketAddr, height: usize, announced: usize, sent: usize) -> u16 {
    let document = json!({"inputs": [{
        "name": "image", "datatype": "UINT8", "shape": [1, height, 8, 3],
        "parameters": {"binary_data_size": announced},
    }]})
    .to_string();
    let length = document.len().to_string();
    let headers = [("inference-header-content-length", length.as_str())];
    let body = [document.as_bytes(), &vec![0; sent]].concat();
    request(address, "POST", "/v2/models/digits/infer", &headers, &body).status
}

/// Sets a flag when it is dropped, so that other threads end when a test fails.
struct SetOnDrop<'a>(&'a AtomicBool);

impl Drop for SetOnDrop<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// What the clients saw: how often which status came in which way.
#[derive(Default)]
struct Seen(Mutex<BTreeMap<(&'static str, u16), u64>>);

impl Seen {
    fn add(&self, way: &'static str, status: u16) {
        *self.0.lock().unwrap().entry((way, status)).or_default() += 1;
    }

    fn count(&self, is_counted: impl Fn(&str, u16) -> bool) -> u64 {
        let seen = self.0.lock().unwrap();
        let counted = seen
            .iter()
            .filter(|((way, status), _)| is_counted(way, *status));
        counted.map(|(_, count)| count).sum()
    }
}

/// The status of an answer, which is right or a refusal.
fn checked(response: &Response, expected: &Classification) -> u16 {
    match response.status {
        200 => {
            let (class, probability) = expected.top(1)[0];
            let best = &response.json()["top"][0];
            assert_eq!(best["index"], class);
            let found = best["probability"].as_f64().unwrap() as f32;
            assert!((found - probability).abs() < 1e-4);
        }
        503 => assert_eq!(response.header("retry-after"), Some("1")),
        status => panic!("{status}"),
    }
    response.status
}

#[test]
fn a_storm_of_bad_clients_harms_no_good_one() {
    let limits = "--sessions 1 --queue 2 --max-body 1 --max-pixels 1";
    let mut service = Service::start(&limits.split(' ').collect::<Vec<_>>());
    let classifier = open(Classifier::builder().sessions(1));
    let expected: Vec<_> = (0..DIGITS)
        .map(|i| classifier.classify_pixels(&digit(i)).unwrap())
        .collect();
    let files: Vec<_> = (0..DIGITS).map(digit_png).collect();
    let (seen, end) = (Seen::default(), AtomicBool::new(false));
    let address = service.address;
    thread::scope(|scope| {
        for number in 0..4 {
            let (seen, end, files, expected) = (&seen, &end, &files, &expected);
            scope.spawn(move || {
                for i in (number..).step_by(7).map(|i| i % DIGITS) {
                    let response = post(address, "/classify", &files[i]);
                    seen.add("right", checked(&response, &expected[i]));
                    if end.load(Ordering::Relaxed) {
                        break;
                    }
                }
            });
        }
        let end = SetOnDrop(&end);
        let bad: Vec<_> = WAYS
            .into_iter()
            .map(|(way, once, right)| {
                let seen = &seen;
                scope.spawn(move || {
                    for _ in 0..TIMES {
                        let status = once(address);
                        assert!(right.contains(&status), "{way}: {status}");
                        seen.add(way, status);
                    }
                })
            })
            .collect();
        fs::write(&service.model, "garbage").unwrap();
        service.signal("HUP");
        service.wait_for("infer_model_loads_total", "error", 1);
        fs::write(&service.model, renamed()).unwrap();
        service.signal("HUP");
        service.wait_for("infer_model_loads_total", "ok", 2);
        let bad: Vec<_> = bad.into_iter().map(|thread| thread.join()).collect();
        drop(end);
        assert!(bad.iter().all(Result::is_ok));
    });
    check_counts(&service, &seen);

    let outcomes = Mutex::new(Vec::new());
    thread::scope(|scope| {
        for number in 0..4 {
            let (files, expected, outcomes) = (&files, &expected, &outcomes);
            scope.spawn(move || {
                let i = number * 7;
                // Right answers until the service is gone.
                while let Ok(response) = try_request(address, "POST", "/classify", &[], &files[i]) {
                    let status = checked(&response, &expected[i]);
                    outcomes.lock().unwrap().push(status);
                }
            });
        }
        while outcomes.lock().unwrap().len() < 20 {
            thread::sleep(Duration::from_millis(1));
        }
        service.signal("HUP");
        service.signal("TERM");
    });
    assert_eq!(service.wait().code(), Some(0));
}

/// The service's counts are the clients'.
fn check_counts(service: &Service, seen: &Seen) {
    let http = |status: &str| -> u64 {
        let count = |route: &str| {
            let labels = format!("route=\"{route}\",status=\"{status}");
            service.metric("infer_http_requests_total", &labels)
        };
        count("/classify") + count("/v2/models/{model}/infer")
    };
    let images = |outcome: &str| service.metric("infer_requests_total", outcome);
    let of_status = |status: u16| seen.count(|_, seen| seen == status);
    // Nobody knows what became of these: hyper does not even begin a request
    // whose end comes together with its client's.
    let gone = seen.count(|way, _| way == "gone after the body");
    let all = seen.count(|_, _| true);
    wait_until("all requests to be counted", || http("") >= all - gone);
    service.wait_for("infer_http_requests_in_flight", "", 1);
    service.wait_for("infer_requests_in_flight", "", 0);

    assert!(http("") <= all);
    assert_eq!(http("413"), of_status(413));
    let finished = images("") - images("overloaded");
    let accepted = service.metric("infer_requests_accepted_total", "");
    assert_eq!(accepted, finished);
    assert_eq!(images("failed") + images("deadline"), 0);
    let no_pictures = ["truncated", "bomb", "text"];
    let refused = seen.count(|way, status| no_pictures.contains(&way) && status == 400);
    assert_eq!(images("refused"), refused);
    for (outcome, seen) in [
        ("classified", of_status(200)),
        ("overloaded", of_status(503)),
        ("cancelled", 0),
    ] {
        let range = seen..=seen + gone;
        let count = images(outcome);
        assert!(range.contains(&count), "{outcome}: {count}, seen {range:?}");
    }
}
