//! Where a worker listens.

use std::{fmt, net::Ipv6Addr, str::FromStr};

/// Where a worker listens for runs unless it is told otherwise: the port that
/// PyTorch's `torchrun` meets at, so that clusters have it open. Tensors go
/// through the port after it.
pub const DEFAULT_PORT: u16 = 29500;

/// Host and port of a worker. Workers reach each other at the hosts that the
/// run is given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WorkerAddress {
    host: String,
    port: u16,
}

impl WorkerAddress {
    /// The same host at another port.
    #[must_use]
    pub fn with_port(&self, port: u16) -> Self {
        Self {
            host: self.host.clone(),
            port,
        }
    }
}

impl FromStr for WorkerAddress {
    type Err = String;

    /// `host`, `host:port`, `[v6 address]` or `[v6 address]:port`.
    fn from_str(text: &str) -> Result<Self, String> {
        let expected = || format!("expected HOST or HOST:PORT, got '{text}'");
        let bracket = text.rfind(']').unwrap_or_default();
        let (host, port) = match text[bracket..].rsplit_once(':') {
            Some((host, port)) => {
                let port = port.parse().map_err(|_| expected())?;
                (&text[..bracket + host.len()], port)
            }
            None => (text, DEFAULT_PORT),
        };
        let v6 = host
            .strip_prefix('[')
            .and_then(|host| host.strip_suffix(']'));
        let known = match v6 {
            Some(address) => address.parse::<Ipv6Addr>().is_ok(),
            None => !host.is_empty() && !host.contains([':', '/', '@', ' ', '[', ']']),
        };
        match known {
            true => Ok(Self {
                host: host.to_owned(),
                port,
            }),
            false => Err(expected()),
        }
    }
}

impl fmt::Display for WorkerAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.host, self.port)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_hosts_with_a_port_or_without() {
        for (text, expected) in [
            ("node1", "node1:29500"),
            ("node1:7000", "node1:7000"),
            ("10.0.0.2:1", "10.0.0.2:1"),
            ("[::1]", "[::1]:29500"),
            ("[fe80::2]:80", "[fe80::2]:80"),
        ] {
            let address: WorkerAddress = text.parse().unwrap();
            assert_eq!(address.to_string(), expected);
        }
        for text in [
            "", ":", ":80", "a:b", "a:70000", "ws://a", "a:1:2", "::1", "[::1", "[a]:1", "a]:1",
        ] {
            let error = text.parse::<WorkerAddress>().unwrap_err();
            assert!(error.contains("HOST:PORT"), "{text}: {error}");
        }
    }
}
