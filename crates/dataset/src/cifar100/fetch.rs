//! Download, checksum and extraction of CIFAR-100, each done once.

use std::fs;
use std::path::{Path, PathBuf};

use ::fetch::{Client, Patience, RemoteFile};

use super::{ARCHIVE, FOLDER, MAX_ARCHIVE, OFFICIAL_MD5, extract};
use crate::DatasetError;
use crate::hash::md5_file;

/// What this crate calls itself to a server.
pub(super) const USER_AGENT: &str = concat!("dataset/", env!("CARGO_PKG_VERSION"));

/// Brings CIFAR-100 into `data_dir` and returns the folder of its files,
/// `data_dir/cifar-100-binary`. What is there already is not done again.
///
/// The archive is downloaded from `url` (by default [`OFFICIAL_URL`]) to
/// `cifar-100-binary.tar.gz.part`; a break, also one of an earlier run, is
/// resumed from there if the server can. No more than [`MAX_ARCHIVE`] bytes are
/// taken. It is checked against [`OFFICIAL_MD5`], renamed and extracted. With `progress`, a progress bar is
/// shown on stderr if that is a terminal.
///
/// # Errors
/// [`DatasetError::Download`], [`DatasetError::HttpStatus`],
/// [`DatasetError::DownloadRefused`] and [`DatasetError::DownloadInProgress`]; [`DatasetError::Checksum`], after
/// which the file has been moved aside so that the next call starts anew; those
/// of a broken archive; [`DatasetError::Io`].
///
/// [`OFFICIAL_URL`]: super::OFFICIAL_URL
pub fn fetch(url: &str, data_dir: &Path, progress: bool) -> Result<PathBuf, DatasetError> {
    fetch_with_md5(url, OFFICIAL_MD5, data_dir, progress)
}

/// [`fetch()`] for an archive with another checksum (a mirror that has packed the
/// files anew): `md5` is its MD5, hexadecimal.
///
/// # Errors
/// Those of [`fetch()`].
pub fn fetch_with_md5(
    url: &str,
    md5: &str,
    data_dir: &Path,
    progress: bool,
) -> Result<PathBuf, DatasetError> {
    let client = Client::new(USER_AGENT, Patience::default());
    fetch_by(&client, url, md5, data_dir, progress)
}

pub(super) fn fetch_by(
    client: &Client,
    url: &str,
    md5: &str,
    data_dir: &Path,
    progress: bool,
) -> Result<PathBuf, DatasetError> {
    let folder = data_dir.join(FOLDER);
    if extract::is_complete(&folder) {
        return Ok(folder);
    }
    let archive = data_dir.join(ARCHIVE);
    if archive.is_file() {
        check(&archive, md5)?;
    } else {
        fs::create_dir_all(data_dir).map_err(DatasetError::io("create", data_dir))?;
        let part = data_dir.join(format!("{ARCHIVE}.part"));
        let file = RemoteFile {
            url,
            length: None,
            max_length: MAX_ARCHIVE,
        };
        client.download(&file, &part, progress)?;
        check(&part, md5)?;
        fs::rename(&part, &archive).map_err(DatasetError::io("create", &archive))?;
    }
    extract::extract(&archive, &folder)?;
    Ok(folder)
}

/// Checks a file's MD5; a wrong file is moved aside, not removed: it may be the
/// user's own.
fn check(path: &Path, expected: &str) -> Result<(), DatasetError> {
    let found = md5_file(path).map_err(DatasetError::io("read", path))?;
    if found.eq_ignore_ascii_case(expected) {
        return Ok(());
    }
    let moved_to = path.with_file_name(format!("{ARCHIVE}.wrong-checksum"));
    fs::rename(path, &moved_to).map_err(DatasetError::io("move aside", path))?;
    Err(DatasetError::Checksum {
        path: path.to_path_buf(),
        expected: expected.to_owned(),
        found,
        moved_to,
    })
}
