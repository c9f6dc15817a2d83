//! A small HTTP client, with control over every byte.

use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use serde_json::Value;

/// Long enough for any answer, short enough to notice that none comes.
const TIMEOUT: Duration = Duration::from_secs(20);

/// An HTTP response.
#[derive(Debug)]
pub struct Response {
    pub status: u16,
    /// Names in lower case.
    headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Response {
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut headers = self.headers.iter();
        headers
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.as_str())
    }

    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(&self.body)))
    }

    /// The message of `{"error": "…"}`.
    pub fn error(&self) -> String {
        self.json()["error"].as_str().unwrap().to_owned()
    }

    /// Reads a response to the end of the connection.
    pub fn read(stream: impl Read) -> Self {
        Self::try_read(stream).unwrap()
    }

    /// As [`read`](Self::read); an error if there is not one byte of a response.
    fn try_read(mut stream: impl Read) -> std::io::Result<Self> {
        let mut bytes = Vec::new();
        // A connection that is reset behind a whole response still is one.
        let ended = stream.read_to_end(&mut bytes);
        if bytes.is_empty() {
            return Err(ended
                .err()
                .unwrap_or_else(|| ErrorKind::UnexpectedEof.into()));
        }
        let response = Self::parse(&bytes);
        Ok(response.unwrap_or_else(|| panic!("half a response: {ended:?}, {bytes:?}")))
    }

    fn parse(bytes: &[u8]) -> Option<Self> {
        let end = bytes.windows(4).position(|window| window == b"\r\n\r\n")?;
        let head = std::str::from_utf8(&bytes[..end]).ok()?;
        let mut lines = head.split("\r\n");
        let status = lines.next()?.split(' ').nth(1)?.parse().ok()?;
        let header = |line: &str| {
            let (name, value) = line.split_once(": ")?;
            Some((name.to_lowercase(), value.to_owned()))
        };
        let response = Self {
            status,
            headers: lines.filter_map(header).collect(),
            body: bytes[end + 4..].to_vec(),
        };
        let length: usize = response.header("content-length")?.parse().ok()?;
        (response.body.len() == length).then_some(response)
    }
}

pub fn connect(address: SocketAddr) -> TcpStream {
    let stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(TIMEOUT)).unwrap();
    stream
}

/// Sends the head of a request that asks for the connection to be closed.
pub fn send_head(
    stream: &mut TcpStream,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
) -> std::io::Result<()> {
    let mut head = format!("{method} {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n");
    for (name, value) in headers {
        head += &format!("{name}: {value}\r\n");
    }
    stream.write_all((head + "\r\n").as_bytes())
}

/// A whole request and its response.
pub fn request(
    address: SocketAddr,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: &[u8],
) -> Response {
    try_request(address, method, path, headers, body).unwrap()
}

/// As [`request`]; the error is that of connecting, sending or
/// reading; `UnexpectedEof` if the connection is closed without an answer, and
/// `ConnectionReset` if the listening socket went before it was accepted.
pub fn try_request(
    address: SocketAddr,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: &[u8],
) -> std::io::Result<Response> {
    let mut stream = TcpStream::connect(address)?;
    stream.set_read_timeout(Some(TIMEOUT))?;
    let length = body.len().to_string();
    let headers: Vec<_> = [("content-length", length.as_str())]
        .into_iter()
        .chain(headers.iter().copied())
        .collect();
    send_head(&mut stream, method, path, &headers)?;
    stream.write_all(body)?;
    Response::try_read(stream)
}

pub fn get(address: SocketAddr, path: &str) -> Response {
    request(address, "GET", path, &[], &[])
}

pub fn post(address: SocketAddr, path: &str, body: &[u8]) -> Response {
    request(address, "POST", path, &[], body)
}

/// Sends a body of chunks of 64 KiB; the service may refuse it while more is
/// being sent.
pub fn post_chunks(address: SocketAddr, path: &str, chunks: usize) -> Response {
    let mut stream = connect(address);
    let headers = [("transfer-encoding", "chunked")];
    send_head(&mut stream, "POST", path, &headers).unwrap();
    let chunk = [b"10000\r\n".as_slice(), &[0; 0x10000], b"\r\n"].concat();
    for _ in 0..chunks {
        if stream.write_all(&chunk).is_err() {
            break;
        }
    }
    Response::read(stream)
}
