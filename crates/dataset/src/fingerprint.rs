//! Whether a file is still the one that was hashed.

use std::fs::{self, Metadata};
use std::io;
use std::path::Path;

use crate::hash;

/// A file as it was when the data set was opened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Fingerprint {
    stamp: Stamp,
    sha256: [u8; 32],
}

impl Fingerprint {
    /// Reads the file.
    pub fn of(path: &Path) -> io::Result<Self> {
        // Before it is read: a change meanwhile is seen later.
        let stamp = Stamp::of(&fs::metadata(path)?);
        let sha256 = hash::sha256_file(path)?;
        Ok(Self { stamp, sha256 })
    }

    /// SHA-256 of its contents.
    pub fn sha256(&self) -> &[u8; 32] {
        &self.sha256
    }

    /// Whether the file has the same contents still. It is read again only where the system says
    /// that it was touched.
    pub fn fits(&self, path: &Path) -> io::Result<bool> {
        if Stamp::of(&fs::metadata(path)?) == self.stamp {
            return Ok(true);
        }
        Ok(hash::sha256_file(path)? == self.sha256)
    }
}

/// What changes with a file's contents.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Stamp {
    length: u64,
    /// Which file it is, and when it was last changed: by the time that no program can set.
    #[cfg(unix)]
    change: [i64; 4],
    #[cfg(not(unix))]
    change: Option<std::time::SystemTime>,
}

impl Stamp {
    fn of(metadata: &Metadata) -> Self {
        Self {
            length: metadata.len(),
            change: change(metadata),
        }
    }
}

#[cfg(unix)]
fn change(metadata: &Metadata) -> [i64; 4] {
    use std::os::unix::fs::MetadataExt;

    let (device, file) = (metadata.dev(), metadata.ino());
    [
        device.cast_signed(),
        file.cast_signed(),
        metadata.ctime(),
        metadata.ctime_nsec(),
    ]
}

#[cfg(not(unix))]
fn change(metadata: &Metadata) -> Option<std::time::SystemTime> {
    metadata.modified().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_touched_file_fits_and_another_one_of_its_size_does_not() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.png");
        fs::write(&path, "one").unwrap();
        let fingerprint = Fingerprint::of(&path).unwrap();
        assert!(fingerprint.fits(&path).unwrap());
        // The same contents in another file.
        let other = folder.path().join("b.png");
        fs::write(&other, "one").unwrap();
        fs::rename(&other, &path).unwrap();
        assert!(fingerprint.fits(&path).unwrap());
        fs::write(&other, "two").unwrap();
        fs::rename(&other, &path).unwrap();
        assert!(!fingerprint.fits(&path).unwrap());
        fs::remove_file(&path).unwrap();
        assert!(fingerprint.fits(&path).is_err());
    }
}
