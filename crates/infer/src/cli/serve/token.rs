//! The argument `--token-file`.

use std::fs::File;
use std::io::Read as _;
use std::path::Path;

use crate::cli::Failure;

/// Longest token in bytes.
const LONGEST: u64 = 4096;

/// Reads a token from a file, without the white space around it.
pub fn read(path: &Path) -> Result<String, Failure> {
    let failed = |reason: &dyn std::fmt::Display| {
        Failure::new(
            format!("cannot use the token in {}: {reason}", path.display()),
            "write one line of visible ASCII characters, for example `openssl rand -hex 32`",
        )
    };
    let mut text = String::new();
    File::open(path)
        .and_then(|file| file.take(LONGEST).read_to_string(&mut text))
        .map_err(|error| failed(&error))?;
    let token = text.trim();
    // Anything else could not be sent in a header.
    if token.is_empty() || !token.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(failed(&"it is empty or has other characters"));
    }
    Ok(token.to_owned())
}
