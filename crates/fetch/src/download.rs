//! HTTP download of one file to disk, resumed after a break.

use std::io::{self, IsTerminal, Read};
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use ureq::http::StatusCode;

use crate::client::Client;
use crate::error::{Stop, one_line};
use crate::headers::{content_length, content_range};
use crate::part::Part;
use crate::{BUFFER, FetchError};

/// How often in a row a download is tried again without a new byte arriving.
const RETRIES: u32 = 4;
/// Requests for one file, however many bytes each brings.
const REQUESTS: u32 = 100;
/// Bytes a second below which a connection counts as broken.
const SLOWEST: f64 = 1024.0;

/// A file to be downloaded, and how many bytes are taken for it.
#[derive(Clone, Copy, Debug)]
pub struct RemoteFile<'a> {
    /// Where it is.
    pub url: &'a str,
    /// Its length, where that is known beforehand: a server that says otherwise is refused.
    pub length: Option<u64>,
    /// The most bytes it may have.
    pub max_length: u64,
}

impl Client {
    /// Downloads `file` to `path`, going on from what is there already. A progress bar is shown
    /// on stderr if `progress` is set and that is a terminal.
    ///
    /// After a break it tries again by itself, four times in a row at most without a new byte
    /// and a hundred times in all. If nothing arrived at all, it does not: the address or the
    /// network is more likely to be wrong than to recover.
    ///
    /// # Errors
    /// All of [`FetchError`]. After [`FetchError::Refused`], nothing is left at `path`.
    pub fn download(
        &self,
        file: &RemoteFile<'_>,
        path: &Path,
        progress: bool,
    ) -> Result<(), FetchError> {
        check_length(file, file.length).map_err(|stop| stop.into_error(file.url, 0))?;
        let mut part = Part::open(path, bar(progress))?;
        let (mut furthest, mut fruitless, mut reached) = (part.length(), 0, false);
        for request in 1.. {
            let stop = match self.request(file, &mut part) {
                Ok(()) => break,
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
                Stop::Status(status) => reached && *status >= 500,
                Stop::Refused(_) | Stop::Disk(_) => false,
            };
            if !may_recover || fruitless > RETRIES || request >= REQUESTS {
                if matches!(stop, Stop::Refused(_)) {
                    part.restart()?;
                }
                let error = stop.into_error(file.url, part.length());
                part.give_up();
                return Err(error);
            }
            if !matches!(stop, Stop::Restart) {
                thread::sleep(self.patience.pause * 2_u32.pow(fruitless));
            }
        }
        part.finish()
    }

    /// One request, from the end of the partial file to the end of the file.
    fn request(&self, file: &RemoteFile<'_>, part: &mut Part) -> Result<(), Stop> {
        if file.length.is_some_and(|length| length == part.length()) {
            return Ok(());
        }
        let most = file.length.unwrap_or(file.max_length);
        if part.length() > most {
            return restart(part);
        }
        let range = (part.length() > 0).then(|| format!("bytes={}-", part.length()));
        let mut response = self.send(file.url, range.as_deref(), |_| false)?;
        let headers = response.headers();
        let total = match response.status() {
            // The whole file, also from a server that does not know ranges.
            StatusCode::OK => {
                part.restart()?;
                content_length(headers)
            }
            StatusCode::PARTIAL_CONTENT => match content_range(headers) {
                Some((Some(first), total)) if first == part.length() => total,
                _ => return restart(part),
            },
            // There is nothing past our last byte: ours is the whole file, or
            // not (or no longer) the server's.
            StatusCode::RANGE_NOT_SATISFIABLE => match content_range(headers) {
                Some((None, Some(total))) if total == part.length() && file.length.is_none() => {
                    return Ok(());
                }
                _ => return restart(part),
            },
            status => return Err(Stop::Status(status.as_u16())),
        };
        check_length(file, total)?;
        let total = total.or(file.length);
        part.expect(total);
        let most = total.unwrap_or(file.max_length);
        receive(
            response.body_mut().as_reader(),
            part,
            most,
            self.patience.silence,
        )?;
        match total {
            Some(total) if part.length() != total => Err(Stop::Broken(format!(
                "the connection was closed at {} of {total} bytes",
                part.length()
            ))),
            _ => Ok(()),
        }
    }
}

/// Refuses a length that is not the file's or is too long.
fn check_length(file: &RemoteFile<'_>, length: Option<u64>) -> Result<(), Stop> {
    let Some(length) = length else {
        return Ok(());
    };
    match file.length {
        Some(expected) if expected != length => Err(Stop::Refused(format!(
            "the server sends a file of {length} bytes where {expected} were announced"
        ))),
        _ if length > file.max_length => Err(Stop::Refused(format!(
            "the file has {length} bytes, more than the {} that are taken",
            file.max_length
        ))),
        _ => Ok(()),
    }
}

fn restart(part: &mut Part) -> Result<(), Stop> {
    part.restart()?;
    Err(Stop::Restart)
}

/// Appends a body to the partial file, which may become `most` bytes long.
fn receive(mut body: impl Read, part: &mut Part, most: u64, silence: Duration) -> Result<(), Stop> {
    let mut buffer = vec![0; BUFFER];
    let mut pace = Pace::new(silence, part.length());
    loop {
        let received = read(&mut body, &mut buffer)?;
        if received == 0 {
            return Ok(());
        }
        // Before they are written: a server that sends for ever must not fill the disk.
        if part.length() + received as u64 > most {
            return Err(Stop::Refused(format!(
                "the server sends more than {most} bytes"
            )));
        }
        part.append(&buffer[..received])?;
        pace.keep(part.length())?;
    }
}

/// Reads what has arrived of a body; 0 at its end.
pub(crate) fn read(body: &mut impl Read, buffer: &mut [u8]) -> Result<usize, Stop> {
    loop {
        match body.read(buffer) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            result => return result.map_err(|error| Stop::Broken(one_line(&error))),
        }
    }
}

/// Watches that a server does not send a byte now and then to keep its client for ever.
pub(crate) struct Pace {
    window: Duration,
    since: Instant,
    length: u64,
}

impl Pace {
    /// Starts at a file's `length`; looked at once a `window`.
    pub(crate) fn new(window: Duration, length: u64) -> Self {
        Self {
            window,
            since: Instant::now(),
            length,
        }
    }

    /// Fails if the file has grown too little in the last window.
    pub(crate) fn keep(&mut self, length: u64) -> Result<(), Stop> {
        let elapsed = self.since.elapsed();
        if elapsed < self.window {
            return Ok(());
        }
        #[expect(clippy::cast_precision_loss, reason = "a rate needs no digits")]
        let rate = (length - self.length) as f64 / elapsed.as_secs_f64();
        if rate < SLOWEST {
            return Err(Stop::Broken(format!(
                "the server sends {rate:.0} bytes a second"
            )));
        }
        (self.since, self.length) = (Instant::now(), length);
        Ok(())
    }
}

fn bar(progress: bool) -> ProgressBar {
    if !(progress && io::stderr().is_terminal()) {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
    let template = "{wide_bar} {bytes}/{total_bytes} ({bytes_per_sec}, {eta} left)";
    match ProgressStyle::with_template(template) {
        Ok(style) => bar.with_style(style),
        Err(_) => bar,
    }
}
