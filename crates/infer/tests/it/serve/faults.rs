//! Clients that misbehave.

use std::io::{Read as _, Write as _};
use std::thread;
use std::time::Duration;

use super::client::{Response, connect, get, post, post_chunks, request, send_head};
use super::process::{Service, digit_png};

#[test]
fn a_body_over_the_limit_is_refused() {
    let service = Service::start(&["--max-body", "1"]);
    let announced = [("content-length", "1048577")];
    let mut stream = connect(service.address);
    send_head(&mut stream, "POST", "/classify", &announced).unwrap();
    // Refused by its head: nothing of the body was sent.
    let response = Response::read(stream);
    assert_eq!(response.status, 413);
    assert!(response.error().contains("1048576 bytes"));

    assert_eq!(post_chunks(service.address, "/classify", 17).status, 413);

    let coded = [("content-encoding", "gzip")];
    let response = request(service.address, "POST", "/classify", &coded, b"x");
    assert_eq!(response.status, 415);
    assert_eq!(
        post(service.address, "/classify", &digit_png(0)).status,
        200
    );
}

#[test]
fn clients_that_hang_up_are_counted_and_forgotten() {
    let service = Service::start(&[]);
    let file = digit_png(0);
    let length = file.len().to_string();
    let clients = 20;
    for i in 0..clients {
        let mut stream = connect(service.address);
        let headers = [("content-length", length.as_str())];
        send_head(&mut stream, "POST", "/classify", &headers).unwrap();
        // In the middle of the body, each at another place.
        stream
            .write_all(&file[..i * (file.len() - 1) / clients])
            .unwrap();
    }
    service.wait_for("infer_http_requests_in_flight", "", 1);
    let of_classify = |status: &str| {
        let labels = format!("route=\"/classify\",status=\"{status}\"");
        service.metric("infer_http_requests_total", &labels)
    };
    // Seen while the body was awaited: gone, or a body that ends early.
    assert_eq!(of_classify("closed") + of_classify("400"), clients as u64);
    assert_eq!(service.metric("infer_requests_total", ""), 0);
    assert_eq!(post(service.address, "/classify", &file).status, 200);
}

#[test]
fn a_body_that_does_not_come_is_given_up() {
    let service = Service::start(&["--timeout", "1"]);
    let mut stream = connect(service.address);
    send_head(
        &mut stream,
        "POST",
        "/classify",
        &[("content-length", "100")],
    )
    .unwrap();
    stream.write_all(b"a bit").unwrap();
    let response = Response::read(stream);
    assert_eq!(response.status, 408);
}

#[test]
fn what_is_no_http_does_no_harm() {
    let service = Service::start(&[]);
    for bytes in [
        &b"\x16\x03\x01\x02\x00\x01"[..],
        b"GET\r\n\r\n",
        &[0; 100_000],
    ] {
        let mut stream = connect(service.address);
        let _ = stream.write_all(bytes);
    }
    assert_eq!(get(service.address, "/v2/health/ready").status, 200);
}

#[test]
fn sigterm_answers_what_was_asked_and_ends() {
    let mut service = Service::start(&[]);
    let file = digit_png(0);
    let length = file.len().to_string();
    let mut slow = connect(service.address);
    send_head(
        &mut slow,
        "POST",
        "/classify",
        &[("content-length", &length)],
    )
    .unwrap();
    slow.write_all(&file[..10]).unwrap();
    service.wait_for("infer_http_requests_in_flight", "", 2);
    service.signal("TERM");
    thread::sleep(Duration::from_millis(300));
    slow.write_all(&file[10..]).unwrap();
    assert_eq!(Response::read(slow).status, 200);
    assert_eq!(service.wait().code(), Some(0));
}

#[test]
fn the_grace_ends_what_does_not_end_itself() {
    let mut service = Service::start(&["--grace", "1"]);
    // Open, but not in a request: closed at once, and not counted.
    let mut idle = connect(service.address);
    idle.write_all(b"GET /v2/health/live HTTP/1.1\r\nhost: localhost\r\n\r\n")
        .unwrap();
    assert!(idle.read(&mut [0; 1000]).unwrap() > 0);
    let mut stuck = connect(service.address);
    send_head(
        &mut stuck,
        "POST",
        "/classify",
        &[("content-length", "100")],
    )
    .unwrap();
    service.wait_for("infer_http_requests_in_flight", "", 2);
    service.signal("INT");
    assert_eq!(service.wait().code(), Some(130));
    let log = service.log();
    assert!(
        log.contains("warning: 1 connection(s) were cut off"),
        "{log}"
    );
}

#[test]
fn clients_that_never_read_or_never_write_do_not_stop_the_service() {
    let connections = 3;
    let limit = connections.to_string();
    let service = Service::start(&["--max-connections", &limit, "--idle-timeout", "1"]);
    // More answers than the system's buffers hold.
    let page = "GET / HTTP/1.1\r\nhost: localhost\r\n\r\n".repeat(4000);
    for request in [page.as_str(), "", "GET / HTTP/1.1\r\nhost: te"] {
        let clients: Vec<_> = (0..connections)
            .map(|_| {
                let mut stream = connect(service.address);
                stream.write_all(request.as_bytes()).unwrap();
                stream
            })
            .collect();
        assert_eq!(get(service.address, "/v2/health/ready").status, 200);
        drop(clients);
    }
}

#[test]
fn a_picture_without_pixels_is_a_bad_request() {
    let service = Service::start(&[]);
    let response = post(service.address, "/classify", b"P6 0 1 255\n");
    assert_eq!(response.status, 400);
    assert!(response.error().contains("no pixels (0x1)"));
    // A small file of a huge picture: refused before its memory is taken.
    let canvas = b"GIF89a\x80\x3e\x80\x3e\0\0\0\x2c\0\0\0\0\x01\0\x01\0\0\x02\x02\x4c\x01\0;";
    let response = post(service.address, "/classify", canvas);
    assert_eq!(response.status, 400);
    assert!(
        response.error().contains("more than 64000000"),
        "{}",
        response.error()
    );
}
