//! The network cut at every stage of a download, and the next try goes on from there.

use std::io::Write;
use std::time::Duration;

use fetch::{Client, FetchError, Patience, RemoteFile};

use crate::server::Server;

const FILE: &[u8] = b"0123456789abcdefghij";

/// The answer to a request for the file from `first` on.
fn answer(first: Option<usize>) -> Vec<u8> {
    let from = first.unwrap_or(0);
    let head = match first {
        None => "HTTP/1.1 200 OK\r\n".to_owned(),
        Some(first) => {
            format!("HTTP/1.1 206 Partial Content\r\nContent-Range: bytes {first}-19/20\r\n")
        }
    };
    let head = format!(
        "{head}Content-Length: {}\r\nConnection: close\r\n\r\n",
        20 - from
    );
    [head.as_bytes(), &FILE[from..]].concat()
}

/// After each byte of the answer, of its head as well as of its body.
#[test]
fn a_cut_after_any_byte_loses_nothing() {
    let whole = answer(None);
    let body = whole.len() - FILE.len();
    let patience = Patience {
        pause: Duration::ZERO,
        ..Patience::default()
    };
    for cut in 0..whole.len() {
        let server = Server::start(move |number, first, mut stream| {
            let answer = answer(first);
            let sent = if number == 0 { cut } else { answer.len() };
            let _ = stream.write_all(&answer[..sent]);
        });
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("part");
        let file = RemoteFile {
            url: &server.url,
            length: Some(20),
            max_length: 100,
        };
        let client = Client::new("test", patience);
        let first = client.download(&file, &path, false);
        if cut > body {
            // Bytes had come: it goes on by itself.
            first.unwrap();
            assert_eq!(server.ranges(), [None, Some(cut - body)], "{cut}");
        } else {
            let error = first.unwrap_err();
            assert!(
                matches!(error, FetchError::Broken { received: 0, .. }),
                "{error:?}"
            );
            assert!(!path.exists(), "{cut}");
            client.download(&file, &path, false).unwrap();
        }
        assert_eq!(std::fs::read(&path).unwrap(), FILE, "{cut}");

        // What is whole is not asked for again.
        let requests = server.ranges().len();
        client.download(&file, &path, false).unwrap();
        assert_eq!(server.ranges().len(), requests);
    }
}

/// A server that brings a byte and breaks, for ever, is given up.
#[test]
fn requests_for_one_file_have_an_end() {
    let server = Server::start(|_, first, mut stream| {
        let from = first.unwrap_or(0);
        let head = match first {
            None => "HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n".to_owned(),
            Some(first) => format!(
                "HTTP/1.1 206 Partial Content\r\nContent-Range: bytes {first}-99999/100000\r\n\
                 Content-Length: {}\r\n",
                100_000 - from
            ),
        };
        let _ = stream.write_all(format!("{head}Connection: close\r\n\r\nx").as_bytes());
    });
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("part");
    let file = RemoteFile {
        url: &server.url,
        length: Some(100_000),
        max_length: 100_000,
    };
    let patience = Patience {
        pause: Duration::ZERO,
        ..Patience::default()
    };
    let error = Client::new("test", patience)
        .download(&file, &path, false)
        .unwrap_err();
    assert!(
        matches!(error, FetchError::Broken { received: 100, .. }),
        "{error:?}"
    );
    assert_eq!(server.ranges().len(), 100);
    assert_eq!(std::fs::metadata(path).unwrap().len(), 100);
}
