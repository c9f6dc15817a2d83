//! The secret that a worker and those who train on it share.

use std::{fmt, io, path::Path};

use rand::{TryRng, rngs::SysRng};

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

    /// One that nobody can guess.
    ///
    /// # Errors
    /// The system has no random numbers.
    pub(super) fn random() -> io::Result<Self> {
        let mut bytes = [0; 32];
        let filled = SysRng.try_fill_bytes(&mut bytes);
        filled.map_err(|error| io::Error::other(error.to_string()))?;
        Ok(Self(
            bytes.iter().map(|byte| format!("{byte:02x}")).collect(),
        ))
    }

    /// The token in the file at `path`.
    ///
    /// # Errors
    /// The file cannot be read, may be read by others, or holds nothing.
    pub fn read(path: &Path) -> Result<Self, TrainError> {
        if is_open_to_others(path) {
            return Err(TrainError::TokenOpenToOthers {
                path: path.to_owned(),
            });
        }
        let text = std::fs::read_to_string(path).map_err(TrainError::io("read", path))?;
        Self::new(&text).ok_or_else(|| TrainError::EmptyToken {
            path: path.to_owned(),
        })
    }

    /// What is sent.
    pub(super) fn as_str(&self) -> &str {
        &self.0
    }
}

/// In a time that tells the length at most.
impl PartialEq for Token {
    fn eq(&self, other: &Self) -> bool {
        let (ours, theirs) = (self.0.as_bytes(), other.0.as_bytes());
        let differences = ours.iter().zip(theirs).fold(0, |all, (a, b)| all | (a ^ b));
        ours.len() == theirs.len() && differences == 0
    }
}

impl Eq for Token {}

/// Whether other users of this machine may read the file at `path`. One that is not there, or no
/// file (`<(...)` of a shell), is not.
#[cfg(unix)]
fn is_open_to_others(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;

    std::fs::metadata(path)
        .is_ok_and(|metadata| metadata.is_file() && metadata.permissions().mode() & 0o077 != 0)
}

/// Permissions are not said in such bits there.
#[cfg(not(unix))]
fn is_open_to_others(_path: &Path) -> bool {
    false
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
        write(&path, "\n");
        let error = Token::read(&path).unwrap_err();
        assert!(matches!(error, TrainError::EmptyToken { .. }), "{error}");
        write(&path, "secret\n");
        assert_eq!(Token::read(&path).unwrap().as_str(), "secret");
    }

    #[cfg(unix)]
    #[test]
    fn a_file_that_others_may_read_keeps_no_secret() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("to ken");
        write(&path, "secret\n");
        for mode in [0o640, 0o604, 0o622] {
            permit(&path, mode);
            let error = Token::read(&path).unwrap_err();
            assert!(matches!(error, TrainError::TokenOpenToOthers { .. }));
            let hint = error.hint().unwrap();
            assert!(
                hint.contains("`chmod 600 '") && hint.contains("to ken'"),
                "{hint}"
            );
        }
        permit(&path, 0o400);
        assert!(Token::read(&path).is_ok());
    }

    /// A file for its owner alone.
    fn write(path: &Path, text: &str) {
        std::fs::write(path, text).unwrap();
        #[cfg(unix)]
        permit(path, 0o600);
    }

    #[cfg(unix)]
    fn permit(path: &Path, mode: u32) {
        use std::os::unix::fs::PermissionsExt;

        let permissions = std::fs::Permissions::from_mode(mode);
        std::fs::set_permissions(path, permissions).unwrap();
    }

    #[test]
    fn no_two_random_tokens_are_alike() {
        let (one, other) = (Token::random().unwrap(), Token::random().unwrap());
        assert_eq!(one.as_str().len(), 64);
        assert_ne!(one, other);
    }

    #[test]
    fn only_the_same_token_is_it() {
        let secret = Token::new("secret").unwrap();
        assert_eq!(secret, secret.clone());
        for other in ["Secret", "secre", "secrets", "s"] {
            assert_ne!(secret, Token::new(other).unwrap(), "{other}");
        }
    }
}
