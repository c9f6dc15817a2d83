//! Requests to a server that may be anybody's.

use std::io::Read;
use std::time::Duration;

use ureq::http::{HeaderMap, Response, StatusCode, Uri, header};
use ureq::{Agent, Body};

use crate::FetchError;
use crate::error::{Stop, one_line};
use crate::headers::text;
use crate::redirect;

/// Redirects followed for one request.
const REDIRECTS: usize = 10;

/// How long a server may keep a client waiting.
#[derive(Clone, Copy, Debug)]
pub struct Patience {
    /// The longest silence: until a connection is there, until the head of an answer is there,
    /// and between two pieces of its body. A body that brings less than 1 KiB a second over this
    /// time counts as broken as well. A minute by default.
    pub silence: Duration,
    /// The pause before a broken download is tried again, which doubles with each try that
    /// brings nothing. A second by default.
    pub pause: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            silence: Duration::from_secs(60),
            pause: Duration::from_secs(1),
        }
    }
}

/// An HTTP client that neither waits for ever nor takes what it did not ask for.
pub struct Client {
    agent: Agent,
    pub(crate) patience: Patience,
}

/// Status and headers of an answer.
pub struct Head {
    status: StatusCode,
    headers: HeaderMap,
}

impl Head {
    /// The HTTP status.
    #[must_use]
    pub fn status(&self) -> u16 {
        self.status.as_u16()
    }

    /// A header's text; `None` if it is missing or not plain ASCII.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        text(&self.headers, name)
    }

    /// Length of the whole file that the answer is about, if it says so.
    #[must_use]
    pub fn file_length(&self) -> Option<u64> {
        match self.status {
            StatusCode::PARTIAL_CONTENT => crate::headers::content_range(&self.headers)?.1,
            _ => crate::headers::content_length(&self.headers),
        }
    }
}

impl Client {
    /// A client that calls itself `user_agent`.
    #[must_use]
    pub fn new(user_agent: &str, patience: Patience) -> Self {
        let config = Agent::config_builder()
            .http_status_as_error(false)
            // Followed in `send`: ureq reads the body of a redirect to its end, if it has one.
            .max_redirects(0)
            // A kept connection may be closed just when it is used again, which is no break.
            .max_idle_connections(0)
            .timeout_resolve(Some(patience.silence))
            .timeout_connect(Some(patience.silence))
            .timeout_send_request(Some(patience.silence))
            .timeout_recv_response(Some(patience.silence))
            .timeout_per_read(Some(patience.silence))
            .user_agent(user_agent)
            .build();
        Self {
            agent: config.new_agent(),
            patience,
        }
    }

    /// Asks for a file's first byte and returns the first answer that is no redirect or that
    /// `is_wanted`. Its body is not read.
    ///
    /// # Errors
    /// [`FetchError::Broken`] and [`FetchError::Refused`]; an error status is none.
    pub fn look(&self, url: &str, is_wanted: impl Fn(&Head) -> bool) -> Result<Head, FetchError> {
        let head_of = |response: &Response<Body>| Head {
            status: response.status(),
            headers: response.headers().clone(),
        };
        let response = self
            .send(url, Some("bytes=0-0"), |response| {
                is_wanted(&head_of(response))
            })
            .map_err(|stop| stop.into_error(url, 0))?;
        Ok(head_of(&response))
    }

    /// Reads a small file into memory; `limit` is the most bytes that it may have.
    ///
    /// # Errors
    /// [`FetchError::Status`], [`FetchError::Broken`], [`FetchError::Refused`].
    pub fn read(&self, url: &str, limit: u64) -> Result<Vec<u8>, FetchError> {
        self.try_read(url, limit)
            .map_err(|stop| stop.into_error(url, 0))
    }

    fn try_read(&self, url: &str, limit: u64) -> Result<Vec<u8>, Stop> {
        let mut response = self.send(url, None, |_| false)?;
        if response.status() != StatusCode::OK {
            return Err(Stop::Status(response.status().as_u16()));
        }
        let mut bytes = Vec::new();
        let mut body = response.body_mut().as_reader().take(limit + 1);
        let mut pace = crate::download::Pace::new(self.patience.silence, 0);
        let mut buffer = [0; 1 << 12];
        loop {
            match crate::download::read(&mut body, &mut buffer)? {
                0 => return Ok(bytes),
                n => bytes.extend_from_slice(&buffer[..n]),
            }
            if bytes.len() as u64 > limit {
                return Err(Stop::Refused(format!("it has more than {limit} bytes")));
            }
            pace.keep(bytes.len() as u64)?;
        }
    }

    /// Sends a request and follows redirects up to an answer that is none or that `is_wanted`.
    pub(crate) fn send(
        &self,
        url: &str,
        range: Option<&str>,
        is_wanted: impl Fn(&Response<Body>) -> bool,
    ) -> Result<Response<Body>, Stop> {
        let broken = |error: &dyn std::error::Error| Stop::Broken(one_line(error));
        let mut uri: Uri = url.parse().map_err(|error| broken(&error))?;
        for _ in 0..=REDIRECTS {
            let mut request = self.agent.get(&uri);
            if let Some(range) = range {
                request = request.header(header::RANGE, range);
            }
            let response = request.call().map_err(|error| broken(&error))?;
            if !redirect::is_redirect(response.status()) || is_wanted(&response) {
                return Ok(response);
            }
            uri = redirect::target(&uri, response.headers()).map_err(Stop::Refused)?;
        }
        Err(Stop::Refused(format!(
            "the server redirects more than {REDIRECTS} times"
        )))
    }
}
