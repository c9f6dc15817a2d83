//! Files that appear whole or not at all, and their SHA-256.

use std::fs::File;
use std::io::{self, BufWriter, IntoInnerError, Read, Write};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};
use tempfile::TempPath;

/// Writes `bytes` to `path` so that a reader, or a machine that loses power,
/// sees the old file or the new one, never a part: an [`AtomicFile`] written at
/// once.
///
/// # Errors
/// Those of the file system, e.g. when the folder does not exist or is not
/// writable. The temporary file is then removed, and `path` stays as it was.
pub fn write_atomically(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = AtomicFile::create(path)?;
    file.write_all(bytes)?;
    file.commit()
}

/// A file that is written bit by bit and appears whole or not at all: a
/// temporary file beside its place, which [`commit`](AtomicFile::commit) brings
/// to the disk and renames. Dropped without that, it is removed, and what was
/// at its place stays.
///
/// The file gets the permissions of any new file (0666 less the umask).
#[derive(Debug)]
pub struct AtomicFile {
    /// Not through tempfile, which would put the temporary file's name into every error.
    file: BufWriter<File>,
    temporary: TempPath,
    path: PathBuf,
}

impl AtomicFile {
    /// Begins a file that is to appear at `path`.
    ///
    /// # Errors
    /// Those of the file system, e.g. when the folder does not exist or is not
    /// writable.
    pub fn create(path: &Path) -> io::Result<Self> {
        let mut builder = tempfile::Builder::new();
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            // tempfile's own default, 0600, would hide the result from other users.
            builder.permissions(std::fs::Permissions::from_mode(0o666));
        }
        let temporary = builder.tempfile_in(folder_of(path)).map_err(without_path)?;
        let (file, temporary) = temporary.into_parts();
        Ok(Self {
            file: BufWriter::new(file),
            temporary,
            path: path.to_path_buf(),
        })
    }

    /// Puts the file in its place.
    ///
    /// # Errors
    /// Those of the file system; the temporary file is then removed.
    pub fn commit(self) -> io::Result<()> {
        let file = self.file.into_inner().map_err(IntoInnerError::into_error)?;
        file.sync_all()?;
        drop(file);
        let persisted = self.temporary.persist(&self.path);
        persisted.map_err(|error| error.error)?;
        sync_folder(folder_of(&self.path))
    }
}

impl Write for AtomicFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    }
}

/// tempfile puts the temporary file's name into the error; the caller names
/// the file that the user knows.
fn without_path(error: io::Error) -> io::Error {
    let mut cause = error.get_ref().and_then(|inner| inner.source());
    while let Some(inner) = cause {
        if let Some(code) = inner
            .downcast_ref::<io::Error>()
            .and_then(io::Error::raw_os_error)
        {
            return io::Error::from_raw_os_error(code);
        }
        cause = inner.source();
    }
    error
}

/// Brings a rename in `folder` to the disk.
#[cfg(unix)]
fn sync_folder(folder: &Path) -> io::Result<()> {
    match File::open(folder)?.sync_all() {
        // Some network file systems cannot sync a folder; the file itself is synced.
        Err(error)
            if matches!(
                error.kind(),
                io::ErrorKind::InvalidInput | io::ErrorKind::Unsupported
            ) =>
        {
            Ok(())
        }
        result => result,
    }
}

/// Windows has no such thing.
#[cfg(not(unix))]
fn sync_folder(_folder: &Path) -> io::Result<()> {
    Ok(())
}

/// Opens a file for reading that has an end: a named pipe would wait for a writer, and
/// a device such as `/dev/zero` gives bytes for ever.
///
/// # Errors
/// Those of the operating system; [`io::ErrorKind::IsADirectory`] for a folder, and an
/// error that says so for whatever else is no regular file.
///
/// ```
/// use std::path::Path;
///
/// assert!(contract::fs::open_regular(Path::new("Cargo.toml")).is_ok());
/// assert!(contract::fs::open_regular(Path::new("src")).is_err());
/// ```
pub fn open_regular(path: &Path) -> io::Result<File> {
    let metadata = std::fs::metadata(path)?;
    if metadata.is_dir() {
        return Err(io::ErrorKind::IsADirectory.into());
    }
    if !metadata.is_file() {
        return Err(io::Error::other("it is no regular file"));
    }
    File::open(path)
}

/// SHA-256 of bytes that come one after the other.
///
/// ```
/// use contract::fs::{RunningSha256, sha256_hex};
///
/// let mut running = RunningSha256::default();
/// running.update(b"a");
/// running.update(b"bc");
/// assert_eq!(running.hex(), sha256_hex(b"abc"));
/// ```
#[derive(Debug, Clone, Default)]
pub struct RunningSha256(Sha256);

impl RunningSha256 {
    /// Takes in the bytes that come next.
    pub fn update(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    /// The hash of everything so far as 64 lower-case hexadecimal digits.
    pub fn hex(&self) -> String {
        hex(&self.0.clone().finalize())
    }
}

/// SHA-256 of `bytes` as 64 lower-case hexadecimal digits.
pub fn sha256_hex(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

/// SHA-256 of a file's contents as 64 lower-case hexadecimal digits; the file is
/// read in pieces, so it may be of any size.
///
/// # Errors
/// Those of opening and reading the file.
pub fn sha256_file(path: &Path) -> io::Result<String> {
    let mut file = File::open(path)?;
    let mut digest = Sha256::new();
    let mut buffer = vec![0; 1 << 16];
    loop {
        match file.read(&mut buffer) {
            Ok(0) => return Ok(hex(&digest.finalize())),
            Ok(read) => digest.update(&buffer[..read]),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    // FIPS 180-2, appendix B.1.
    const SHA256_OF_ABC: &str = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

    #[test]
    fn sha256_of_bytes_and_of_a_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("abc");
        std::fs::write(&path, "abc").unwrap();
        assert_eq!(sha256_hex(b"abc"), SHA256_OF_ABC);
        assert_eq!(sha256_file(&path).unwrap(), SHA256_OF_ABC);
        assert!(sha256_file(&folder.path().join("missing")).is_err());
    }

    #[test]
    fn sha256_of_a_file_longer_than_the_buffer() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("long");
        let bytes: Vec<u8> = (0..200_001_u32).map(|i| (i % 251) as u8).collect();
        std::fs::write(&path, &bytes).unwrap();
        assert_eq!(sha256_file(&path).unwrap(), sha256_hex(&bytes));
    }

    #[test]
    fn a_file_is_replaced_and_nothing_else_is_left() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("model.onnx");
        write_atomically(&path, b"first").unwrap();
        write_atomically(&path, b"second").unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), b"second");
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_failed_write_leaves_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let taken = folder.path().join("taken");
        std::fs::create_dir(&taken).unwrap();
        std::fs::write(taken.join("inside"), "x").unwrap();
        assert!(write_atomically(&taken, b"bytes").is_err());
        assert!(write_atomically(&folder.path().join("no/such/file"), b"bytes").is_err());
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_file_that_is_not_committed_never_appears() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("predictions.csv");
        write_atomically(&path, b"old").unwrap();
        let mut file = AtomicFile::create(&path).unwrap();
        file.write_all(b"ne").unwrap();
        drop(file);
        assert_eq!(std::fs::read(&path).unwrap(), b"old");
        let mut file = AtomicFile::create(&path).unwrap();
        file.write_all(b"ne").unwrap();
        file.write_all(b"w").unwrap();
        file.commit().unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), b"new");
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[cfg(unix)]
    #[test]
    fn permissions_are_those_of_any_new_file() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let mode = |name: &str| {
            let metadata = std::fs::metadata(folder.path().join(name)).unwrap();
            metadata.permissions().mode() & 0o777
        };
        std::fs::write(folder.path().join("ordinary"), "x").unwrap();
        write_atomically(&folder.path().join("atomic"), b"x").unwrap();
        assert_eq!(mode("atomic"), mode("ordinary"));
    }
}
