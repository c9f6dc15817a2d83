//! The secret that a worker and those who train on it share.

use std::{fmt, path::Path};

use crate::error::TrainError;

/// A token. It travels unencrypted: it keeps strangers off a network that can be
/// trusted, and nobody who can read the traffic.
#[derive(Clone)]
pub struct Token(String);

impl Token {
    /// The first line of `text`, blanks around it left out; nothing of an empty one.
    pub fn new(text: &str) -> Option<Self> {
        let token = text.trim().lines().next()?;
        Some(Self(token.trim().to_owned()))
    }

    /// The token in the file at `path`.
    ///
    /// # Errors
    /// The file cannot be read, or holds nothing.
    pub fn read(path: &Path) -> Result<Self, TrainError> {
        let text = std::fs::read_to_string(path).map_err(TrainError::io("read", path))?;
        Self::new(&text).ok_or_else(|| TrainError::EmptyToken {
            path: path.to_owned(),
        })
    }

    /// What is sent.
    pub(super) fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether `other` is the same, in a time that tells its length at most.
    pub(super) fn is(&self, other: &Self) -> bool {
        let (ours, theirs) = (self.0.as_bytes(), other.0.as_bytes());
        let differences = ours.iter().zip(theirs).fold(0, |all, (a, b)| all | (a ^ b));
        ours.len() == theirs.len() && differences == 0
    }
}

/// Not a word of it: debugging output ends up in logs.
impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blanks_around_a_token_do_not_count() {
        let token = Token::new(" secret\nwhat else the file holds").unwrap();
        assert_eq!(token.as_str(), "secret");
        assert!(Token::new(" \n").is_none());
        assert_eq!(format!("{:?}", Token::new("secret").unwrap()), "Token(..)");
    }

    #[test]
    fn an_empty_file_is_no_token() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("token");
        assert!(matches!(Token::read(&path), Err(TrainError::Io { .. })));
        std::fs::write(&path, "\n").unwrap();
        let error = Token::read(&path).unwrap_err();
        assert!(matches!(error, TrainError::EmptyToken { .. }), "{error}");
        std::fs::write(&path, "secret\n").unwrap();
        assert_eq!(Token::read(&path).unwrap().as_str(), "secret");
    }

    #[test]
    fn only_the_same_token_is_it() {
        let secret = Token::new("secret").unwrap();
        assert!(secret.is(&secret.clone()));
        for other in ["Secret", "secre", "secrets", "s"] {
            assert!(!secret.is(&Token::new(other).unwrap()), "{other}");
        }
    }
}
