//! The limits of a server.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

/// Where to listen, and what a client may take.
///
/// ```
/// use infer::serve::ServeOptions;
///
/// let options = ServeOptions { max_body: 1 << 20, ..ServeOptions::default() };
/// assert!(options.listen.ip().is_loopback());
/// ```
#[derive(Debug, Clone)]
pub struct ServeOptions {
    /// Address to listen on; port 0 takes a free one. Default: 127.0.0.1:8000,
    /// which other machines cannot reach.
    pub listen: SocketAddr,
    /// Largest body of a request in bytes; a larger one is answered with 413.
    /// Default: 16 MiB.
    pub max_body: usize,
    /// Time for a request from its header to its answer; a body that is not
    /// there by then is answered with 408, a classification with 504.
    /// Default: 30 s.
    pub timeout: Duration,
    /// Time for a request's header, and until the next request of a connection.
    /// Default: 30 s.
    pub header_timeout: Duration,
    /// Time for which a client may leave its answers unread; its connection is then
    /// closed. Default: 30 s.
    pub write_timeout: Duration,
    /// Connections served at the same time; others wait to be accepted.
    /// Default: 1024.
    pub max_connections: usize,
    /// Time that running requests have to end when the server is shut down.
    /// Default: 30 s.
    pub grace: Duration,
    /// Names of the service, beside localhost and addresses, that requests may have as
    /// their host; others are answered with 421. Default: none; then, unless the service
    /// listens on loopback, every name may be. A page whose name was pointed at this
    /// machine (DNS rebinding) is kept out by that.
    pub allowed_hosts: Vec<String>,
    /// Origins, as `https://app.example`, whose pages may use the service from a browser;
    /// `*` for all. Default: none but its own page.
    pub cors: Vec<String>,
    /// What inference and control ask for in `Authorization: Bearer TOKEN`. Default:
    /// nothing.
    pub token: Option<String>,
    /// Whether clients may load and unload models
    /// (`POST /v2/repository/models/…`). Default: no, as in Triton.
    pub model_control: bool,
}

impl Default for ServeOptions {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 8000)),
            max_body: 16 << 20,
            timeout: Duration::from_secs(30),
            header_timeout: Duration::from_secs(30),
            write_timeout: Duration::from_secs(30),
            max_connections: 1024,
            grace: Duration::from_secs(30),
            allowed_hosts: Vec::new(),
            cors: Vec::new(),
            token: None,
            model_control: false,
        }
    }
}
