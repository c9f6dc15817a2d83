//! Paths in JSON, whatever their bytes.
//!
//! A path that is Unicode is a string, as serde has it. On Unix a path may be other bytes, which
//! serde refuses: it is then an object with the bytes in hexadecimal.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A path as JSON.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
enum PathText {
    Unicode(String),
    Bytes { bytes: String },
}

impl From<&Path> for PathText {
    fn from(path: &Path) -> Self {
        match path.to_str() {
            Some(text) => Self::Unicode(text.to_owned()),
            None => Self::Bytes {
                bytes: crate::hash::hex(path.as_os_str().as_encoded_bytes()),
            },
        }
    }
}

impl TryFrom<PathText> for PathBuf {
    type Error = &'static str;

    fn try_from(text: PathText) -> Result<Self, Self::Error> {
        match text {
            PathText::Unicode(text) => Ok(text.into()),
            PathText::Bytes { bytes } => from_hex(&bytes),
        }
    }
}

#[cfg(unix)]
fn from_hex(digits: &str) -> Result<PathBuf, &'static str> {
    use std::{ffi::OsString, os::unix::ffi::OsStringExt};

    let (pairs, rest) = digits.as_bytes().as_chunks::<2>();
    let bytes = pairs.iter().map(|pair| {
        let digits = std::str::from_utf8(pair).ok()?;
        u8::from_str_radix(digits, 16).ok()
    });
    match bytes.collect::<Option<Vec<u8>>>() {
        Some(bytes) if rest.is_empty() => Ok(OsString::from_vec(bytes).into()),
        _ => Err("a path whose bytes are not hexadecimal"),
    }
}

#[cfg(not(unix))]
fn from_hex(_digits: &str) -> Result<PathBuf, &'static str> {
    Err("a path that only Unix can have")
}

/// For serde's `with`.
pub(crate) fn serialize<S: Serializer>(path: &Path, serializer: S) -> Result<S::Ok, S::Error> {
    PathText::from(path).serialize(serializer)
}

/// For serde's `with`.
pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<PathBuf, D::Error> {
    PathText::deserialize(deserializer)?
        .try_into()
        .map_err(serde::de::Error::custom)
}

/// The same for paths that there may not be.
pub(crate) mod optional {
    use super::*;

    /// For serde's `with`.
    pub(crate) fn serialize<S: Serializer>(
        path: &Option<PathBuf>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        path.as_deref().map(PathText::from).serialize(serializer)
    }

    /// For serde's `with`.
    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<PathBuf>, D::Error> {
        Option::<PathText>::deserialize(deserializer)?
            .map(PathBuf::try_from)
            .transpose()
            .map_err(serde::de::Error::custom)
    }
}

#[cfg(all(test, unix))]
mod tests {
    use std::{ffi::OsStr, os::unix::ffi::OsStrExt};

    use super::*;

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Record {
        #[serde(with = "super")]
        path: PathBuf,
        #[serde(default, with = "optional")]
        other: Option<PathBuf>,
    }

    fn json(record: &Record) -> String {
        let json = serde_json::to_string(record).unwrap();
        assert_eq!(serde_json::from_str::<Record>(&json).unwrap(), *record);
        json
    }

    #[test]
    fn every_path_is_read_as_it_was_written() {
        let strange = Path::new(OsStr::from_bytes(b"/runs/caf\xe9"));
        let plain = json(&Record {
            path: "/runs/café".into(),
            other: None,
        });
        assert_eq!(plain, r#"{"path":"/runs/café","other":null}"#);
        let bytes = json(&Record {
            path: strange.to_owned(),
            other: Some(strange.to_owned()),
        });
        assert!(bytes.contains(r#""path":{"bytes":"2f72756e732f636166e9"}"#));
        for wrong in [r#"{"path":{"bytes":"zz"}}"#, r#"{"path":{"bytes":"2f7"}}"#] {
            assert!(serde_json::from_str::<Record>(wrong).is_err(), "{wrong}");
        }
    }
}
