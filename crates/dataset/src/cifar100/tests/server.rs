//! An HTTP server that misbehaves as told.

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

/// Serves until the test process ends.
pub(super) struct Server {
    pub(super) url: String,
    ranges: Arc<Mutex<Vec<Option<u64>>>>,
}

impl Server {
    /// `answer` gets the number of the request, counted from 0, and where the
    /// range it asks for starts; it returns the whole response, head and body,
    /// after which the connection is closed.
    pub(super) fn start(answer: impl Fn(usize, Option<u64>) -> Vec<u8> + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/cifar.tar.gz", listener.local_addr().unwrap());
        let ranges = Arc::new(Mutex::new(Vec::new()));
        let log = Arc::clone(&ranges);
        thread::spawn(move || {
            for (number, stream) in listener.incoming().enumerate() {
                let mut stream = stream.unwrap();
                let range = range_of(&stream);
                log.lock().unwrap().push(range);
                // The client may hang up first.
                let _ = stream.write_all(&answer(number, range));
            }
        });
        Self { url, ranges }
    }

    /// Start of the range that each request so far asked for.
    pub(super) fn ranges(&self) -> Vec<Option<u64>> {
        self.ranges.lock().unwrap().clone()
    }
}

fn range_of(stream: &TcpStream) -> Option<u64> {
    let head = BufReader::new(stream).lines().map(Result::unwrap);
    head.take_while(|line| !line.is_empty())
        .filter_map(|line| {
            let line = line.to_ascii_lowercase();
            let range = line.strip_prefix("range: bytes=")?;
            range.trim_end_matches('-').parse().ok()
        })
        .last()
}

/// The whole file; `sent` bytes of it before the connection breaks.
pub(super) fn whole(file: &[u8], sent: usize) -> Vec<u8> {
    response("200 OK", &[], file.len(), &file[..sent])
}

/// The file from `first` on, up to byte `end` before the connection breaks.
pub(super) fn partial(file: &[u8], first: u64, end: usize) -> Vec<u8> {
    let (first, total) = (first as usize, file.len());
    let range = format!("Content-Range: bytes {first}-{}/{total}", total - 1);
    response(
        "206 Partial Content",
        &[range],
        total - first,
        &file[first..end],
    )
}

/// No byte past the end of a file of `total` bytes.
pub(super) fn unsatisfiable(total: usize) -> Vec<u8> {
    let range = format!("Content-Range: bytes */{total}");
    response("416 Range Not Satisfiable", &[range], 0, b"")
}

pub(super) fn status(line: &str) -> Vec<u8> {
    response(line, &[], 5, b"sorry")
}

fn response(status: &str, headers: &[String], length: usize, body: &[u8]) -> Vec<u8> {
    let mut text = format!("HTTP/1.1 {status}\r\nConnection: close\r\n");
    for header in headers {
        text += &format!("{header}\r\n");
    }
    text += &format!("Content-Length: {length}\r\n\r\n");
    [text.as_bytes(), body].concat()
}
