//! Hashes as hexadecimal text.

use std::fmt::Write as _;
use std::io::{self, Read};
use std::path::Path;

use contract::fs::open_regular;
use md5::Md5;
use sha2::digest::Output;
use sha2::{Digest, Sha256};

/// Bytes read from a file at a time.
pub(crate) const BUFFER: usize = 1 << 17;

/// Lower-case hexadecimal digits of `bytes`.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing to a `String` cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// MD5 of a file's contents, hexadecimal: what the CIFAR-100 page publishes. It
/// guards against damage, not against an attacker.
pub(crate) fn md5_file(path: &Path) -> io::Result<String> {
    Ok(hex(&digest_file::<Md5>(path)?))
}

/// SHA-256 of a file's contents.
pub(crate) fn sha256_file(path: &Path) -> io::Result<[u8; 32]> {
    Ok(digest_file::<Sha256>(path)?.into())
}

fn digest_file<D: Digest>(path: &Path) -> io::Result<Output<D>> {
    let mut hash = D::new();
    let mut file = open_regular(path)?;
    // A photo is smaller than the buffer, and to clear all of it takes longer than to read.
    let length = usize::try_from(file.metadata()?.len()).unwrap_or(BUFFER);
    let mut buffer = vec![0; length.saturating_add(1).min(BUFFER)];
    loop {
        match file.read(&mut buffer)? {
            0 => return Ok(hash.finalize()),
            n => hash.update(&buffer[..n]),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn md5_of_a_known_file() {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), "abc").unwrap();
        // RFC 1321, appendix A.5.
        assert_eq!(
            md5_file(file.path()).unwrap(),
            "900150983cd24fb0d6963f7d28e17f72"
        );
    }
}
