//! What the hub says of a file before it is downloaded.

use fetch::{Client, Head};

use super::hub_error;
use crate::error::PretrainedError;

const COMMIT: &str = "x-repo-commit";
/// The hub's own etag and length of a large file, which lies elsewhere.
const LINKED_ETAG: &str = "x-linked-etag";
const LINKED_SIZE: &str = "x-linked-size";
const ETAG: &str = "etag";

/// Hexadecimal digits of git's SHA-1 and of a SHA-256.
const SHA1: usize = 40;
const SHA256: usize = 64;

/// Commit, hash and length of a file on the hub.
#[derive(Debug, PartialEq)]
pub(super) struct Announcement {
    /// 40 hexadecimal digits.
    pub(super) commit: String,
    /// The file's SHA-256 (64 hexadecimal digits) if it is a large one, else git's hash (40).
    pub(super) etag: String,
    /// In bytes.
    pub(super) length: Option<u64>,
}

impl Announcement {
    /// Asks the hub about the file at `url`. Large files are a redirect whose own headers say
    /// what is wanted; what the place says that it leads to is not the hub's word.
    pub(super) fn ask(client: &Client, url: &str) -> Result<Self, PretrainedError> {
        let head = client
            .look(url, |head| head.header(LINKED_ETAG).is_some())
            .map_err(hub_error)?;
        match head.status() {
            200..=399 => Self::of(&head).map_err(|reason| PretrainedError::HubFile {
                url: url.to_owned(),
                reason,
            }),
            status => Err(hub_error(fetch::FetchError::Status {
                url: url.to_owned(),
                status,
            })),
        }
    }

    fn of(head: &Head) -> Result<Self, String> {
        let linked = head.header(LINKED_ETAG);
        Ok(Self {
            commit: hash("commit", head.header(COMMIT), &[SHA1])?,
            etag: hash("etag", linked.or(head.header(ETAG)), &[SHA256, SHA1])?,
            length: match head.header(LINKED_SIZE) {
                Some(length) => Some(
                    length
                        .parse::<u64>()
                        .map_err(|_| format!("the hub announced a length of {length:?}"))?,
                ),
                None if linked.is_none() => head.file_length(),
                None => None,
            },
        })
    }

    /// The file's SHA-256, if the hub gave it.
    pub(super) fn sha256(&self) -> Option<&str> {
        (self.etag.len() == SHA256).then_some(self.etag.as_str())
    }
}

/// A hash of one of the `lengths`, in lower-case digits. Anything else is refused, because it
/// would end up in file names, addresses and sidecars.
fn hash(what: &str, text: Option<&str>, lengths: &[usize]) -> Result<String, String> {
    let text = text.ok_or_else(|| format!("the hub announced no {what}"))?;
    // An etag is quoted, and marked as weak where an answer may be compressed.
    let digits = text.trim_start_matches("W/").trim_matches('"');
    let is_hash = lengths.contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_hexdigit());
    if is_hash {
        return Ok(digits.to_ascii_lowercase());
    }
    let shown: String = text.chars().take(SHA256 + 2).collect();
    Err(format!(
        "the hub announced the {what} {shown:?}, which is no hash"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hashes_are_hexadecimal_and_nothing_else_is() {
        let sha256 = "AB".repeat(32);
        for quoted in [
            sha256.clone(),
            format!("\"{sha256}\""),
            format!("W/\"{sha256}\""),
        ] {
            assert_eq!(hash("etag", Some(&quoted), &[SHA256]), Ok("ab".repeat(32)));
        }
        let slash = format!("/{}", "a".repeat(63));
        for text in [
            "",
            "/etc/passwd",
            "../../x",
            "abc-5",
            &slash,
            &"é".repeat(32),
        ] {
            assert!(hash("etag", Some(text), &[SHA256, SHA1]).is_err(), "{text}");
        }
        assert!(hash("commit", Some(&sha256), &[SHA1]).is_err());
        let long = hash("etag", Some(&"x".repeat(5000)), &[SHA256]).unwrap_err();
        assert!(long.len() < 150, "{long}");
    }
}
