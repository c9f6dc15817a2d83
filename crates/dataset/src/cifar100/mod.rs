//! CIFAR-100 (A. Krizhevsky, "Learning Multiple Layers of Features from Tiny
//! Images", 2009): 50 000 training and 10 000 test images, 32x32 RGB, in 100
//! classes ("fine" labels) that form 20 superclasses ("coarse" labels).
//!
//! Read from the official binary archive: a folder `cifar-100-binary` with
//! `train.bin`, `test.bin`, `fine_label_names.txt` and `coarse_label_names.txt`.
//! A record is one byte of coarse label, one byte of fine label and 3072 bytes
//! of pixels: the red, green and blue planes, each 32x32, row by row.
//!
//! [`fetch()`] downloads and extracts the archive; [`open`](crate::open) reads
//! what is there. A local archive is extracted once into the data folder, under
//! its own hash, so that opening it again takes no decompression.
//!
//! [`Dataset::sha256`](crate::Dataset::sha256) is the SHA-256 of `train.bin`'s
//! bytes followed by `test.bin`'s: the same whether the images came from an
//! archive or a folder.

mod binary;
mod extract;
mod fetch;
mod load;
#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};

use crate::{Dataset, DatasetError, OpenOptions};

pub use self::fetch::{fetch, fetch_with_md5};

/// Official address of the binary archive (169 MB).
pub const OFFICIAL_URL: &str = "https://www.cs.toronto.edu/~kriz/cifar-100-binary.tar.gz";
/// MD5 of the official binary archive, as its page gives it.
pub const OFFICIAL_MD5: &str = "03b5dce01913d631647c71ecec9e9cb8";
/// The most bytes that are downloaded for an archive (1 GiB): six times the official one.
pub const MAX_ARCHIVE: u64 = 1 << 30;
/// The most bytes that an archive may unpack to (1 GiB): over five times the official one.
pub const MAX_UNPACKED: u64 = 1 << 30;
/// The archive's name in the data folder.
pub const ARCHIVE: &str = "cifar-100-binary.tar.gz";
/// The folder in the archive, and of the extracted files in the data folder.
pub const FOLDER: &str = "cifar-100-binary";

const TRAIN: &str = "train.bin";
const TEST: &str = "test.bin";
const FINE_NAMES: &str = "fine_label_names.txt";
const COARSE_NAMES: &str = "coarse_label_names.txt";
/// The files taken from an archive; anything else in it is left there.
const MEMBERS: [&str; 4] = [TRAIN, TEST, FINE_NAMES, COARSE_NAMES];

/// Opens CIFAR-100 from `options.local`, else from `data_dir/`[`FOLDER`], else
/// from `data_dir/`[`ARCHIVE`]. `local` is an archive or a folder that holds
/// the four files, directly or in a folder `cifar-100-binary`.
pub(crate) fn open(options: &OpenOptions) -> Result<Dataset, DatasetError> {
    if let Some(local) = &options.local {
        return if local.is_dir() {
            let inner = local.join(FOLDER);
            let folder = if inner.is_dir() { &inner } else { local };
            load::load(folder, folder)
        } else if local.is_file() {
            open_archive(local, &options.data_dir)
        } else {
            Err(DatasetError::LocalNotFound {
                path: local.clone(),
            })
        };
    }
    let folder = options.data_dir.join(FOLDER);
    let archive = options.data_dir.join(ARCHIVE);
    if folder.is_dir() {
        load::load(&folder, &folder)
    } else if archive.is_file() {
        open_archive(&archive, &options.data_dir)
    } else {
        Err(DatasetError::Cifar100NotFound {
            data_dir: options.data_dir.clone(),
        })
    }
}

/// Extracts an archive into the data folder unless that was done before, then
/// reads the extracted files.
fn open_archive(archive: &Path, data_dir: &Path) -> Result<Dataset, DatasetError> {
    let sha256 = contract::fs::sha256_file(archive).map_err(DatasetError::io("read", archive))?;
    let folder = extracted_folder(data_dir, &sha256);
    if !folder.is_dir() {
        extract::extract(archive, &folder)?;
    }
    let mut dataset = load::load(&folder, &folder)?;
    dataset.notes.push(format!(
        "CIFAR-100 from {} (archive sha256 {sha256}), extracted to {}",
        archive.display(),
        folder.display(),
    ));
    Ok(dataset)
}

/// Where a local archive with this hash is extracted to.
fn extracted_folder(data_dir: &Path, sha256: &str) -> PathBuf {
    data_dir.join(format!("{FOLDER}-{}", &sha256[..16]))
}
