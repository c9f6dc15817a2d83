//! Folders that files were unpacked to, kept with the data sets: `unpacked/HASH/NAME`, where HASH
//! begins the SHA-256 of the files and NAME is the data set's.

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use crate::{DatasetError, hash};

/// How many times their own size files may unpack to: pictures are compressed already.
pub const MOST_TIMES: u64 = 100;

/// Bytes that may always be unpacked to.
pub const ALWAYS_ALLOWED: u64 = 1 << 30;

/// Hexadecimal digits of the hash in the folder's name.
const DIGITS: usize = 16;

/// What came out of files.
#[derive(Debug)]
pub(crate) struct Unpacked {
    /// The folder.
    pub folder: PathBuf,
    /// Whether it was unpacked now.
    pub is_new: bool,
}

/// Lets `unpack` fill a new folder with what is in `files`, if it is not there below `data_dir`:
/// whole or not at all. It is told the folder, and most bytes that it may write.
///
/// # Errors
/// Those of `unpack`; [`DatasetError::Io`].
pub(crate) fn unpacked(
    files: &[PathBuf],
    name: &str,
    data_dir: &Path,
    unpack: impl FnOnce(&Path, u64) -> Result<(), DatasetError>,
) -> Result<Unpacked, DatasetError> {
    let home = data_dir.join("unpacked").join(&hash_of(files)?[..DIGITS]);
    let folder = home.join(name);
    let is_new = !folder.is_dir();
    if is_new {
        fs::create_dir_all(&home).map_err(DatasetError::io("create", &home))?;
        // Of two processes one unpacks. A part that a killed one left is begun anew.
        let lock_path = home.join(".lock");
        let lock = File::create(&lock_path).map_err(DatasetError::io("create", &lock_path))?;
        lock.lock().map_err(DatasetError::io("lock", &lock_path))?;
        if !folder.is_dir() {
            fill(files, &home, unpack, &folder).inspect_err(|_| drop(fs::remove_dir_all(&home)))?;
        }
    }
    Ok(Unpacked { folder, is_new })
}

fn fill(
    files: &[PathBuf],
    home: &Path,
    unpack: impl FnOnce(&Path, u64) -> Result<(), DatasetError>,
    folder: &Path,
) -> Result<(), DatasetError> {
    let part = home.join(".part");
    if part.exists() {
        fs::remove_dir_all(&part).map_err(DatasetError::io("remove", &part))?;
    }
    fs::create_dir(&part).map_err(DatasetError::io("create", &part))?;
    let length = |file: &PathBuf| fs::metadata(file).map_or(0, |metadata| metadata.len());
    let length: u64 = files.iter().map(length).sum();
    unpack(&part, length.saturating_mul(MOST_TIMES).max(ALWAYS_ALLOWED))?;
    fs::rename(&part, folder).map_err(DatasetError::io("create", folder))
}

/// The hash of one file, or of the hashes of several.
fn hash_of(files: &[PathBuf]) -> Result<String, DatasetError> {
    let mut hashes = Vec::with_capacity(files.len());
    for file in files {
        hashes.push(hash::sha256_file(file).map_err(DatasetError::io("read", file))?);
    }
    Ok(match hashes.as_slice() {
        [only] => hash::hex(only),
        several => hash::hex(&Sha256::digest(several.concat())),
    })
}
