//! A log that nobody can write to or reads.

use std::fs::File;
use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::process::Stdio;

use super::client::{Response, connect, get, post, send_head};
use super::process::{Service, digit_png};

const LOAD: &str = "/v2/repository/models/digits/load";
const UNLOAD: &str = "/v2/repository/models/digits/unload";

/// Everything that writes to the log, and an end with a request under way.
fn assert_works(mut service: Service) {
    let file = digit_png(0);
    assert_eq!(post(service.address, UNLOAD, b"").status, 200);
    assert_eq!(post(service.address, "/classify", &file).status, 503);
    assert_eq!(post(service.address, LOAD, b"").status, 200);
    assert_eq!(post(service.address, "/classify", &file).status, 200);

    let mut slow = connect(service.address);
    let length = file.len().to_string();
    let headers = [("content-length", length.as_str())];
    send_head(&mut slow, "POST", "/classify", &headers).unwrap();
    slow.write_all(&file[..10]).unwrap();
    service.wait_for("infer_http_requests_in_flight", "", 2);
    service.signal("HUP");
    service.signal("TERM");
    slow.write_all(&file[10..]).unwrap();
    assert_eq!(Response::read(slow).status, 200);
    assert_eq!(service.wait().code(), Some(0));
}

#[test]
fn the_reader_of_the_log_goes_away() {
    let log = ["--model-control"];
    let mut service = Service::start_on("127.0.0.1:0", &log, |command| {
        command.stderr(Stdio::piped());
    });
    service.close_log();
    assert_works(service);
}

#[test]
fn the_reader_of_the_log_does_not_read() {
    // Debug messages: a line for each request.
    let service = Service::start_on("127.0.0.1:0", &["--model-control", "-vv"], |command| {
        command.stderr(Stdio::piped());
    });
    let requests = "GET /v2/health/live HTTP/1.1\r\nhost: localhost\r\n\r\n".repeat(3000);
    let mut stream = connect(service.address);
    stream.write_all(requests.as_bytes()).unwrap();
    send_head(&mut stream, "GET", "/v2/health/live", &[]).unwrap();
    let mut answers = Vec::new();
    stream.read_to_end(&mut answers).unwrap();
    let ok = answers.windows(12).filter(|w| w == b"HTTP/1.1 200").count();
    assert_eq!(ok, 3001);
    assert_works(service);
}

#[cfg(target_os = "linux")]
#[test]
fn the_disk_of_the_log_is_full() {
    let full = || File::options().write(true).open("/dev/full").unwrap();
    // Its URL cannot be read, so it gets a port that was free a moment ago.
    let free = TcpListener::bind("127.0.0.1:0").and_then(|port| port.local_addr());
    let listen = free.unwrap().to_string();
    let service = Service::start_on(&listen, &["--model-control"], |command| {
        command.stdout(full()).stderr(full());
    });
    assert_eq!(get(service.address, "/v2/health/ready").status, 200);
    assert_works(service);
}
