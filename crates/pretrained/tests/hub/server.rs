//! A hub on this machine.

use std::io::{self, BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;

pub const REPO: &str = "timm/efficientnet_b0.ra_in1k";
pub const COMMIT: &str = "0123456789abcdef0123456789abcdef01234567";

/// What the server does.
#[derive(Clone, Default)]
pub struct Behaviour {
    /// `model.safetensors`; 404 without it.
    pub weights: Option<Vec<u8>>,
    /// `config.json`; 404 without it.
    pub config: Option<String>,
    /// The weights' etag, instead of their SHA-256.
    pub etag: Option<String>,
    /// The commit, instead of [`COMMIT`].
    pub commit: Option<String>,
    /// The weights' announced length, instead of theirs.
    pub length: Option<u64>,
    /// What the redirect to the weights says instead of `Location: ...`.
    pub location: Option<String>,
    /// The weights come at once, without a redirect.
    pub direct: bool,
    /// Bytes after which the first downloads break off.
    pub break_after: Vec<usize>,
    /// The request, counted from 0, that gets no answer.
    pub cut: Option<usize>,
}

/// As the hub does it: small files come at once, large ones by a redirect to another place,
/// with the etag (SHA-256) and the commit in the redirect's headers.
pub struct Hub {
    pub endpoint: String,
    pub requests: Arc<AtomicUsize>,
    ranges: Arc<Mutex<Vec<Option<usize>>>>,
    stopped: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Hub {
    pub fn start(mut behaviour: Behaviour) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        let requests = Arc::new(AtomicUsize::new(0));
        let ranges = Arc::new(Mutex::new(Vec::new()));
        let stopped = Arc::new(AtomicBool::new(false));
        let thread = std::thread::spawn({
            let (requests, ranges) = (Arc::clone(&requests), Arc::clone(&ranges));
            let (endpoint, stopped) = (endpoint.clone(), Arc::clone(&stopped));
            move || {
                for stream in listener.incoming() {
                    if stopped.load(Ordering::Relaxed) {
                        break;
                    }
                    if behaviour.cut == Some(requests.fetch_add(1, Ordering::Relaxed)) {
                        continue;
                    }
                    // A client that has gone away concerns the test, not the server.
                    let _ = answer(stream.unwrap(), &mut behaviour, &endpoint, &ranges);
                }
            }
        });
        Self {
            endpoint,
            requests,
            ranges,
            stopped,
            thread: Some(thread),
        }
    }

    /// Where each download of the weights so far began.
    pub fn ranges(&self) -> Vec<Option<usize>> {
        self.ranges.lock().unwrap().clone()
    }
}

impl Drop for Hub {
    fn drop(&mut self) {
        self.stopped.store(true, Ordering::Relaxed);
        // Wakes the listener up.
        let address = self.endpoint.strip_prefix("http://").unwrap();
        let _ = TcpStream::connect(address);
        let result = self.thread.take().unwrap().join();
        assert!(result.is_ok() || std::thread::panicking());
    }
}

/// Answers one request and closes the connection.
fn answer(
    mut stream: TcpStream,
    behaviour: &mut Behaviour,
    endpoint: &str,
    ranges: &Mutex<Vec<Option<usize>>>,
) -> io::Result<()> {
    let lines: Vec<String> = BufReader::new(&stream)
        .lines()
        .take_while(|line| line.as_ref().map_or(true, |line| !line.is_empty()))
        .collect::<io::Result<_>>()?;
    let url = lines[0].split(' ').nth(1).unwrap();
    let range = lines.iter().find_map(|line| {
        let (name, value) = line.split_once(": ")?;
        name.eq_ignore_ascii_case("range").then_some(value)
    });

    let commit = behaviour.commit.as_deref().unwrap_or(COMMIT);
    // The hub resolves `main` and, better, the commit that it stands for.
    let file = ["main", COMMIT]
        .iter()
        .find_map(|revision| url.strip_prefix(&format!("/{REPO}/resolve/{revision}/")));
    match (file, &behaviour.config, &behaviour.weights) {
        (Some("config.json"), Some(config), _) => {
            send(&mut stream, range, config.as_bytes(), "", usize::MAX)
        }
        (Some("model.safetensors"), _, Some(weights)) => {
            let sha256 = contract::fs::sha256_hex(weights);
            let etag = behaviour.etag.as_ref().unwrap_or(&sha256);
            if behaviour.direct {
                let headers = format!("X-Repo-Commit: {commit}\r\nETag: \"{etag}\"\r\n");
                return send(&mut stream, range, weights, &headers, usize::MAX);
            }
            let location = format!("Location: {endpoint}/cdn/blob");
            write!(
                stream,
                "HTTP/1.1 302 Found\r\n{}\r\nX-Repo-Commit: {commit}\r\n\
                 X-Linked-Etag: \"{etag}\"\r\nX-Linked-Size: {}\r\n\
                 Content-Length: 0\r\nConnection: close\r\n\r\n",
                behaviour.location.as_ref().unwrap_or(&location),
                behaviour.length.unwrap_or(weights.len() as u64)
            )
        }
        (None, _, Some(weights)) if url == "/cdn/blob" => {
            ranges
                .lock()
                .unwrap()
                .push(range.map(|range| start_and_end(range, 0).0));
            let breaks = &mut behaviour.break_after;
            let most = (!breaks.is_empty()).then(|| breaks.remove(0));
            let headers = "ETag: \"no-sha256\"\r\n";
            send(
                &mut stream,
                range,
                weights,
                headers,
                most.unwrap_or(usize::MAX),
            )
        }
        _ => {
            let rest = "Content-Length: 0\r\nConnection: close";
            write!(stream, "HTTP/1.1 404 Not Found\r\n{rest}\r\n\r\n")
        }
    }
}

/// First byte and the one after the last of `bytes=FIRST-LAST` or `bytes=FIRST-`.
fn start_and_end(range: &str, length: usize) -> (usize, usize) {
    let range = range.strip_prefix("bytes=").unwrap();
    let (start, last) = range.split_once('-').unwrap();
    let end = last.parse().map_or(length, |last: usize| last + 1);
    (start.parse().unwrap(), end)
}

/// Sends a file or the range of it, with no more than `most` bytes of its body.
fn send(
    stream: &mut TcpStream,
    range: Option<&str>,
    bytes: &[u8],
    headers: &str,
    most: usize,
) -> io::Result<()> {
    let length = bytes.len();
    let (status, start, end) = match range {
        None => ("200 OK".to_owned(), 0, length),
        Some(range) => {
            let (start, end) = start_and_end(range, length);
            let range = format!("Content-Range: bytes {start}-{}/{length}", end - 1);
            (format!("206 Partial Content\r\n{range}"), start, end)
        }
    };
    write!(
        stream,
        "HTTP/1.1 {status}\r\n{headers}Content-Length: {}\r\nConnection: close\r\n\r\n",
        end - start,
    )?;
    let body = &bytes[start..end];
    stream.write_all(&body[..most.min(body.len())])
}
