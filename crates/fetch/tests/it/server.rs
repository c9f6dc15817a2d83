//! A server that answers as told.

use std::io::{BufRead, BufReader};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

/// Serves until the test process ends, one connection after the other.
pub struct Server {
    pub url: String,
    ranges: Arc<Mutex<Vec<Option<usize>>>>,
}

impl Server {
    /// `answer` gets the number of the request, counted from 0, where the range that it asks for
    /// starts, and the connection, which is closed when it returns.
    pub fn start(answer: impl Fn(usize, Option<usize>, TcpStream) + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/file", listener.local_addr().unwrap());
        let ranges = Arc::new(Mutex::new(Vec::new()));
        let log = Arc::clone(&ranges);
        thread::spawn(move || {
            for (number, stream) in listener.incoming().enumerate() {
                let stream = stream.unwrap();
                let range = range_of(&stream);
                log.lock().unwrap().push(range);
                answer(number, range, stream);
            }
        });
        Self { url, ranges }
    }

    /// Start of the range that each request so far asked for.
    pub fn ranges(&self) -> Vec<Option<usize>> {
        self.ranges.lock().unwrap().clone()
    }
}

fn range_of(stream: &TcpStream) -> Option<usize> {
    let lines = BufReader::new(stream).lines().map_while(Result::ok);
    lines
        .take_while(|line| !line.is_empty())
        .filter_map(|line| {
            let line = line.to_ascii_lowercase();
            let range = line.strip_prefix("range: bytes=")?;
            range.split('-').next()?.parse().ok()
        })
        .last()
}
