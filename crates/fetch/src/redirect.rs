//! Where a redirect leads.

use ureq::http::{HeaderMap, StatusCode, Uri, header};

use crate::headers::text;

/// Tells a redirect that is followed from any other answer.
pub(crate) fn is_redirect(status: StatusCode) -> bool {
    matches!(status.as_u16(), 301 | 302 | 303 | 307 | 308)
}

/// The address that a redirect from `from` leads to, or what is wrong with it.
pub(crate) fn target(from: &Uri, headers: &HeaderMap) -> Result<Uri, String> {
    let location =
        text(headers, header::LOCATION).ok_or("the server redirects without saying where to")?;
    let target = join(from, location).ok_or("the server redirects to no valid address")?;
    match (from.scheme_str(), target.scheme_str()) {
        (Some("https"), Some("http")) => {
            Err("the server redirects from https to http, where anybody can listen".into())
        }
        (_, Some("http" | "https")) => Ok(target),
        _ => Err("the server redirects to no web address".into()),
    }
}

/// A `Location`, whole or relative to `from` (RFC 3986, section 5; dots in a path are left to
/// the server).
fn join(from: &Uri, location: &str) -> Option<Uri> {
    let (scheme, authority) = (from.scheme_str()?, from.authority()?);
    // A colon after the first of these may belong to a query.
    let first_part = location.split(['/', '?', '#']).next();
    let whole = if first_part.is_some_and(|part| part.contains(':')) {
        location.to_owned()
    } else if location.starts_with("//") {
        format!("{scheme}:{location}")
    } else if location.starts_with('/') {
        format!("{scheme}://{authority}{location}")
    } else {
        let folder = from
            .path()
            .rsplit_once('/')
            .map_or("", |(folder, _)| folder);
        format!("{scheme}://{authority}{folder}/{location}")
    };
    let target: Uri = whole.parse().ok()?;
    target
        .host()
        .is_some_and(|host| !host.is_empty())
        .then_some(target)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn from_hub(location: &str) -> Result<String, String> {
        let from = Uri::from_static("https://hub.example:8/a/b?x=1");
        let mut headers = HeaderMap::new();
        headers.insert(header::LOCATION, location.parse().unwrap());
        target(&from, &headers).map(|uri| uri.to_string())
    }

    #[test]
    fn whole_and_relative_locations() {
        for (location, expected) in [
            ("https://cdn.example/x?y=%22", "https://cdn.example/x?y=%22"),
            ("//cdn.example/x", "https://cdn.example/x"),
            ("/api/c?d=e", "https://hub.example:8/api/c?d=e"),
            (
                "/c?from=http://x/",
                "https://hub.example:8/c?from=http://x/",
            ),
            ("c", "https://hub.example:8/a/c"),
        ] {
            assert_eq!(from_hub(location).as_deref(), Ok(expected), "{location}");
        }
    }

    #[test]
    fn locations_that_are_not_followed() {
        for location in [
            "http://cdn.example/x",
            "file:///etc/passwd",
            "ftp://a/b",
            "data:,x",
            "https://",
            "a b",
        ] {
            let result = from_hub(location);
            assert!(result.is_err(), "{location}: {result:?}");
        }
        let from = Uri::from_static("http://a/b");
        assert!(target(&from, &HeaderMap::new()).is_err());
    }
}
