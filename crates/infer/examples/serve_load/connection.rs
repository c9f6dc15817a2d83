//! Connections that send one request after the other.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::{sleep, timeout};

use super::requests::Requests;
use super::tally::Tally;

/// An answer that takes longer is lost.
const LOST: Duration = Duration::from_secs(30);

/// A response, as far as it matters.
struct Response {
    status: u16,
    json_length: Option<usize>,
    retry_after: Option<u64>,
    body: Vec<u8>,
}

/// Runs `count` connections for `time`; gives what they saw.
pub async fn run_all(
    address: SocketAddr,
    requests: &Arc<Requests>,
    count: usize,
    time: Duration,
) -> Tally {
    let end = Instant::now() + time;
    let tasks: Vec<_> = (0..count)
        .map(|number| tokio::spawn(run(address, Arc::clone(requests), number, end)))
        .collect();
    let mut tally = Tally::default();
    for task in tasks {
        match task.await {
            Ok(of_one) => tally.add(of_one),
            Err(_) => tally.lost += 1,
        }
    }
    tally
}

/// Sends requests, starting with another one for each `number`, until `end`.
async fn run(address: SocketAddr, requests: Arc<Requests>, number: usize, end: Instant) -> Tally {
    let mut tally = Tally::default();
    let mut stream = match TcpStream::connect(address).await {
        Ok(stream) => stream,
        Err(error) => return tally.lose(&error),
    };
    let _ = stream.set_nodelay(true);
    let mut buffer = Vec::new();
    let mut i = number * 37;
    while Instant::now() < end {
        let start = Instant::now();
        let exchange = exchange(&mut stream, requests.bytes(i), &mut buffer);
        let response = match timeout(LOST, exchange).await {
            Ok(Ok(response)) => response,
            Ok(Err(error)) => return tally.lose(&error),
            Err(_) => return tally.lose(&io::ErrorKind::TimedOut.into()),
        };
        let elapsed = start.elapsed();
        match response.status {
            200 if requests.is_right(i, &response.body, response.json_length) => {
                tally.answers.push(elapsed);
                tally.in_time += usize::from(start + elapsed < end);
            }
            200 => tally.wrong += 1,
            503 => {
                tally.refusals.push(elapsed);
                sleep(Duration::from_secs(response.retry_after.unwrap_or(0))).await;
            }
            _ => tally.errors += 1,
        }
        i += 1;
    }
    tally
}

/// Sends a request and reads its response; `buffer` is for the bytes.
async fn exchange(
    stream: &mut TcpStream,
    request: &[u8],
    buffer: &mut Vec<u8>,
) -> io::Result<Response> {
    stream.write_all(request).await?;
    buffer.clear();
    let (head, mut response, length) = loop {
        if stream.read_buf(buffer).await? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        if let Some(end) = buffer.windows(4).position(|window| window == b"\r\n\r\n") {
            let (response, length) = parse(&buffer[..end])
                .ok_or_else(|| io::Error::new(io::ErrorKind::InvalidData, "no HTTP response"))?;
            break (end + 4, response, length);
        }
    };
    while buffer.len() < head + length {
        if stream.read_buf(buffer).await? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
    }
    response.body = buffer[head..].to_vec();
    Ok(response)
}

/// The head of a response, and the length of its body.
fn parse(head: &[u8]) -> Option<(Response, usize)> {
    let mut lines = std::str::from_utf8(head).ok()?.split("\r\n");
    let status = lines.next()?.split(' ').nth(1)?.parse().ok()?;
    let mut response = Response {
        status,
        json_length: None,
        retry_after: None,
        body: Vec::new(),
    };
    let mut length = 0;
    for (name, value) in lines.filter_map(|line| line.split_once(": ")) {
        match name.to_ascii_lowercase().as_str() {
            "content-length" => length = value.parse().ok()?,
            "inference-header-content-length" => response.json_length = value.parse().ok(),
            "retry-after" => response.retry_after = value.parse().ok(),
            _ => {}
        }
    }
    Some((response, length))
}
