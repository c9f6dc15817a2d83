//! Servers that lie, send without end, or do not send at all: one line each, and nothing kept.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::time::Duration;

use fetch::{Client, FetchError, Patience, RemoteFile};

use crate::server::Server;

fn client() -> Client {
    let patience = Patience {
        silence: Duration::from_millis(300),
        pause: Duration::from_millis(1),
    };
    Client::new("test", patience)
}

/// Downloads what ten bytes were announced for, and at most a hundred are taken.
fn download(server: &Server, path: &Path, length: Option<u64>) -> Result<(), FetchError> {
    let file = RemoteFile {
        url: &server.url,
        length,
        max_length: 100,
    };
    client().download(&file, path, false)
}

/// Sends `head`, then `body` for as long as the client takes it.
fn send_for_ever(mut stream: TcpStream, head: &str, body: &[u8]) {
    let _ = stream.write_all(head.as_bytes());
    while stream.write_all(body).is_ok() {}
}

/// The error of a download from a server that sends `answer` to every request.
fn error_of(answer: &'static str, length: Option<u64>) -> FetchError {
    let server = Server::start(move |_, _, mut stream| {
        let _ = stream.write_all(answer.as_bytes());
    });
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("part");
    let error = download(&server, &path, length).unwrap_err();
    assert_eq!(error.to_string().lines().count(), 1, "{error}");
    assert!(!error.hint().is_empty());
    assert!(!path.exists(), "{error}");
    error
}

fn assert_refused(error: &FetchError, part: &str) {
    assert!(matches!(error, FetchError::Refused { .. }), "{error:?}");
    assert!(error.to_string().contains(part), "{error}");
}

#[test]
fn another_length_than_announced() {
    let answer = "HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\nhello world";
    assert_refused(&error_of(answer, Some(10)), "11 bytes where 10");
    let answer = "HTTP/1.1 200 OK\r\nContent-Length: 101\r\n\r\n";
    assert_refused(&error_of(answer, None), "more than the 100 that");
    assert_refused(
        &error_of("never asked", Some(101)),
        "more than the 100 that",
    );
}

/// Without a length in the answer, the bytes themselves are counted, before they are written.
#[test]
fn a_body_without_end() {
    for length in [Some(10), None] {
        let server = Server::start(|_, _, stream| {
            send_for_ever(stream, "HTTP/1.1 200 OK\r\n\r\n", &[b'x'; 1 << 16]);
        });
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("part");
        let error = download(&server, &path, length).unwrap_err();
        let most = length.unwrap_or(100);
        assert_refused(&error, &format!("more than {most} bytes"));
        assert!(!path.exists());

        let error = client().read(&server.url, 100).unwrap_err();
        assert_refused(&error, "more than 100 bytes");
    }
}

#[test]
fn redirects_to_nowhere() {
    for (answer, part) in [
        ("HTTP/1.1 302 Found\r\n\r\n", "without saying where"),
        (
            "HTTP/1.1 302 Found\r\nLocation: /again\r\n\r\n",
            "more than 10 times",
        ),
        (
            "HTTP/1.1 302 Found\r\nLocation: file:///etc/passwd\r\n\r\n",
            "no",
        ),
    ] {
        assert_refused(&error_of(answer, Some(10)), part);
    }
}

/// A redirect's body is not waited for: it may have no end.
#[test]
fn a_redirect_with_a_body_without_end() {
    let server = Server::start(|number, _, mut stream| match number {
        0 => {
            let head =
                "HTTP/1.1 302 Found\r\nLocation: /next\r\nTransfer-Encoding: chunked\r\n\r\n";
            send_for_ever(stream, head, b"1\r\nx\r\n");
        }
        _ => {
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n0123456789");
        }
    });
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("part");
    download(&server, &path, Some(10)).unwrap();
    assert_eq!(std::fs::read(path).unwrap(), b"0123456789");
}

#[test]
fn a_server_that_never_answers() {
    let server = Server::start(|_, _, mut stream| {
        let _ = stream.read(&mut [0]);
    });
    let folder = tempfile::tempdir().unwrap();
    let error = download(&server, &folder.path().join("part"), Some(10)).unwrap_err();
    assert!(
        matches!(error, FetchError::Broken { received: 0, .. }),
        "{error:?}"
    );
    assert!(error.to_string().contains("timeout"), "{error}");
    let error = client().look(&server.url, |_| false).err().unwrap();
    assert!(error.to_string().contains("timeout"), "{error}");
}

#[test]
fn headers_without_end() {
    let server = Server::start(|_, _, stream| {
        send_for_ever(
            stream,
            "HTTP/1.1 200 OK\r\n",
            &b"X-More: and more\r\n".repeat(100),
        );
    });
    let folder = tempfile::tempdir().unwrap();
    let error = download(&server, &folder.path().join("part"), Some(10)).unwrap_err();
    assert!(
        matches!(error, FetchError::Broken { received: 0, .. }),
        "{error:?}"
    );
    assert_eq!(error.to_string().lines().count(), 1, "{error}");
}

/// A byte now and then keeps no client.
#[test]
fn headers_and_bodies_that_drip() {
    for head in ["HTTP/1.1 200 OK\r\nX: ", "HTTP/1.1 200 OK\r\n\r\n"] {
        let server = Server::start(move |number, _, mut stream| {
            // What was dripped once is enough; the retries find nobody.
            let _ = stream.write_all(if number == 0 { head } else { "" }.as_bytes());
            while number == 0 && stream.write_all(b"x").is_ok() {
                std::thread::sleep(Duration::from_millis(50));
            }
        });
        let folder = tempfile::tempdir().unwrap();
        let error = download(&server, &folder.path().join("part"), Some(99)).unwrap_err();
        assert!(matches!(error, FetchError::Broken { .. }), "{error:?}");
        assert!(server.ranges().len() <= 6, "{error}");
    }
}

#[test]
fn answers_that_are_no_http() {
    for answer in ["", "garbage\r\n\r\n", "HTTP/1.1 999999 OK\r\n\r\n"] {
        let error = error_of(answer, Some(10));
        assert!(
            matches!(error, FetchError::Broken { .. }),
            "{answer}: {error:?}"
        );
    }
    for answer in [
        "HTTP/1.1 206 Partial Content\r\nContent-Range: bytes 5-9/10\r\nContent-Length: 5\r\n\r\nabcde",
        "HTTP/1.1 206 Partial Content\r\nContent-Length: 10\r\n\r\n0123456789",
        "HTTP/1.1 416 Range Not Satisfiable\r\nContent-Length: 0\r\n\r\n",
    ] {
        let error = error_of(answer, Some(10));
        assert!(
            error.to_string().contains("range asked for"),
            "{answer}: {error}"
        );
    }
}
