//! Headers of an answer, as far as they can be understood.

use ureq::http::{HeaderMap, header};

/// A header's text; `None` if it is missing or not plain ASCII.
pub(crate) fn text(headers: &HeaderMap, name: impl header::AsHeaderName) -> Option<&str> {
    headers.get(name)?.to_str().ok()
}

/// The length of the answer's body, if it says so.
pub(crate) fn content_length(headers: &HeaderMap) -> Option<u64> {
    text(headers, header::CONTENT_LENGTH)?.parse().ok()
}

/// First byte and length of the whole file out of `Content-Range: bytes
/// FIRST-LAST/TOTAL`, either of which may be `*` (RFC 9110, section 14.4).
pub(crate) fn content_range(headers: &HeaderMap) -> Option<(Option<u64>, Option<u64>)> {
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
