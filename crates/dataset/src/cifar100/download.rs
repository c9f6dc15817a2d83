//! HTTP download of one file to disk, resumed after a break.

use std::io::{self, IsTerminal, Read};
use std::path::Path;
use std::thread;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use ureq::Agent;
use ureq::http::{HeaderMap, HeaderName, StatusCode, header};

use super::part::Part;
use crate::DatasetError;
use crate::error::one_line;
use crate::hash::BUFFER;

/// How long a server may be silent before a connection counts as broken.
const SILENCE: Duration = Duration::from_secs(60);
/// How often in a row a download is tried again without a new byte arriving.
const RETRIES: u32 = 4;

pub(super) struct Downloader {
    agent: Agent,
    progress: bool,
    /// Pause before trying again; doubles with each try that brings nothing.
    pause: Duration,
}

/// Why one request did not bring the file to its end.
enum Stop {
    /// What was on disk is not part of the server's file: it is thrown away.
    Restart,
    /// The connection could not be made or broke.
    Broken(String),
    /// The server answered with an error.
    Status(StatusCode),
    /// The file could not be written.
    Disk(DatasetError),
}

impl From<DatasetError> for Stop {
    fn from(error: DatasetError) -> Self {
        Self::Disk(error)
    }
}

impl Downloader {
    pub(super) fn new(progress: bool) -> Self {
        let config = Agent::config_builder()
            .http_status_as_error(false)
            .timeout_connect(Some(SILENCE))
            .timeout_per_read(Some(SILENCE))
            .user_agent(concat!("dataset/", env!("CARGO_PKG_VERSION")))
            .build();
        Self {
            agent: config.new_agent(),
            progress,
            pause: Duration::from_secs(1),
        }
    }

    /// For tests, which do not wait.
    #[cfg(test)]
    pub(super) fn impatient() -> Self {
        Self {
            pause: Duration::from_millis(1),
            ..Self::new(false)
        }
    }

    /// Downloads `url` to `path`, going on from what is there already.
    ///
    /// After a break it tries again by itself, a few times in a row at most
    /// without a new byte. If nothing arrived at all, it does not: the address
    /// or the network is more likely to be wrong than to recover.
    pub(super) fn download(&self, url: &str, path: &Path) -> Result<(), DatasetError> {
        let mut part = Part::open(path, self.bar())?;
        let (mut furthest, mut fruitless, mut reached) = (part.length(), 0, false);
        loop {
            let stop = match self.request(url, &mut part) {
                Ok(()) => return part.finish(),
                Err(stop) => stop,
            };
            if part.length() > furthest {
                (furthest, fruitless, reached) = (part.length(), 0, true);
            } else {
                fruitless += 1;
            }
            let may_recover = match &stop {
                Stop::Restart => true,
                Stop::Broken(_) => reached,
                Stop::Status(status) => reached && status.is_server_error(),
                Stop::Disk(_) => false,
            };
            if !may_recover || fruitless > RETRIES {
                let error = stop.into_error(url, part.length());
                part.give_up();
                return Err(error);
            }
            if !matches!(stop, Stop::Restart) {
                thread::sleep(self.pause * 2_u32.pow(fruitless));
            }
        }
    }

    /// One request, from the end of the partial file to the end of the file.
    fn request(&self, url: &str, part: &mut Part) -> Result<(), Stop> {
        let mut request = self.agent.get(url);
        if part.length() > 0 {
            request = request.header(header::RANGE, format!("bytes={}-", part.length()));
        }
        let mut response = request
            .call()
            .map_err(|error| Stop::Broken(one_line(&error)))?;
        let headers = response.headers();
        let total = match response.status() {
            // The whole file, also from a server that does not know ranges.
            StatusCode::OK => {
                part.restart()?;
                text(headers, header::CONTENT_LENGTH).and_then(|length| length.parse().ok())
            }
            StatusCode::PARTIAL_CONTENT => match content_range(headers) {
                Some((Some(first), total)) if first == part.length() => total,
                _ => return restart(part),
            },
            // There is nothing past our last byte: ours is the whole file, or
            // not (or no longer) the server's.
            StatusCode::RANGE_NOT_SATISFIABLE => match content_range(headers) {
                Some((None, Some(total))) if total == part.length() => return Ok(()),
                _ => return restart(part),
            },
            status => return Err(Stop::Status(status)),
        };
        part.expect(total);
        receive(response.body_mut().as_reader(), part)?;
        match total {
            Some(total) if part.length() != total => Err(Stop::Broken(format!(
                "the connection was closed at {} of {total} bytes",
                part.length()
            ))),
            _ => Ok(()),
        }
    }

    fn bar(&self) -> ProgressBar {
        if !(self.progress && io::stderr().is_terminal()) {
            return ProgressBar::hidden();
        }
        let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
        let template = "{wide_bar} {bytes}/{total_bytes} ({bytes_per_sec}, {eta} left)";
        match ProgressStyle::with_template(template) {
            Ok(style) => bar.with_style(style),
            Err(_) => bar,
        }
    }
}

impl Stop {
    fn into_error(self, url: &str, received: u64) -> DatasetError {
        let url = url.to_owned();
        let reason = match self {
            Self::Disk(error) => return error,
            Self::Status(status) => {
                let status = status.as_u16();
                return DatasetError::HttpStatus { url, status };
            }
            Self::Broken(reason) => reason,
            Self::Restart => "the server does not send the range asked for".into(),
        };
        DatasetError::Download {
            url,
            received,
            reason,
        }
    }
}

fn restart(part: &mut Part) -> Result<(), Stop> {
    part.restart()?;
    Err(Stop::Restart)
}

fn receive(mut body: impl Read, part: &mut Part) -> Result<(), Stop> {
    let mut buffer = vec![0; BUFFER];
    loop {
        match body.read(&mut buffer) {
            Ok(0) => return Ok(()),
            Ok(n) => part.append(&buffer[..n])?,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(Stop::Broken(one_line(&error))),
        }
    }
}

fn text(headers: &HeaderMap, name: HeaderName) -> Option<&str> {
    headers.get(name)?.to_str().ok()
}

/// First byte and length of the whole file out of `Content-Range: bytes
/// FIRST-LAST/TOTAL`, either of which may be `*` (RFC 9110, section 14.4).
fn content_range(headers: &HeaderMap) -> Option<(Option<u64>, Option<u64>)> {
    parse_content_range(text(headers, header::CONTENT_RANGE)?)
}

fn parse_content_range(value: &str) -> Option<(Option<u64>, Option<u64>)> {
    let (range, total) = value.trim().strip_prefix("bytes")?.trim().split_once('/')?;
    let first = match range.split_once('-') {
        Some((first, _)) => Some(first.parse().ok()?),
        None => None,
    };
    Some((first, total.parse().ok()))
}

#[cfg(test)]
mod tests {
    use super::parse_content_range;

    #[test]
    fn parses_content_range() {
        for (value, expected) in [
            ("bytes 10-19/20", Some((Some(10), Some(20)))),
            ("bytes 10-19/*", Some((Some(10), None))),
            ("bytes */20", Some((None, Some(20)))),
            ("lines 1-2/3", None),
            ("bytes x-19/20", None),
            ("bytes", None),
        ] {
            assert_eq!(parse_content_range(value), expected, "{value}");
        }
    }
}
