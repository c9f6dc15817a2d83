//! Tests on archives made here: a few records, but all 100 classes.

mod archive;
mod fetch;
mod real;
mod server;

use std::path::Path;

use flate2::Compression;
use flate2::write::GzEncoder;
use tar::{Builder, EntryType, Header};

use super::{COARSE_NAMES, FINE_NAMES, TEST, TRAIN};
use crate::{Dataset, DatasetError, OpenOptions, Source, open};

const RECORD: usize = 3074;

/// `per_class` records of every class, class after class; class `c` belongs to
/// superclass `c / 5`. Pixels differ from record to record.
fn records(per_class: usize, seed: u8) -> Vec<u8> {
    let mut bytes = Vec::new();
    for record in 0..100 * per_class {
        let fine = record / per_class;
        bytes.extend([(fine / 5) as u8, fine as u8]);
        bytes.extend((0..RECORD - 2).map(|i| (i as u8).wrapping_mul(seed) ^ record as u8));
    }
    bytes
}

fn names(prefix: &str, count: usize) -> Vec<u8> {
    let lines: Vec<String> = (0..count).map(|i| format!("{prefix}_{i}\n")).collect();
    lines.concat().into_bytes()
}

/// The four files of a small, valid data set: two training and one test image
/// in each class.
fn files() -> Vec<(&'static str, Vec<u8>)> {
    vec![
        (TRAIN, records(2, 3)),
        (TEST, records(1, 7)),
        (FINE_NAMES, names("fine", 100)),
        (COARSE_NAMES, names("coarse", 20)),
    ]
}

/// [`files`] with one of them changed.
fn files_with(name: &str, change: impl Fn(&mut Vec<u8>)) -> Vec<(&'static str, Vec<u8>)> {
    let mut files = files();
    for (file, bytes) in &mut files {
        if *file == name {
            change(bytes);
        }
    }
    files
}

/// A `.tar.gz` with the official folder's name before each file's.
fn archive(files: &[(&'static str, Vec<u8>)]) -> Vec<u8> {
    let files: Vec<_> = files
        .iter()
        .map(|(name, bytes)| (format!("cifar-100-binary/{name}"), &bytes[..]))
        .collect();
    archive_of(&files, EntryType::Regular)
}

fn archive_of(files: &[(String, &[u8])], kind: EntryType) -> Vec<u8> {
    let mut tar = Builder::new(GzEncoder::new(Vec::new(), Compression::fast()));
    for (name, bytes) in files {
        let mut header = Header::new_ustar();
        // Not `set_path`, which refuses the very names that a test needs.
        header.as_old_mut().name[..name.len()].copy_from_slice(name.as_bytes());
        header.set_entry_type(kind);
        header.set_mode(0o644);
        header.set_size(bytes.len() as u64);
        header.set_cksum();
        tar.append(&header, *bytes).unwrap();
    }
    tar.into_inner().unwrap().finish().unwrap()
}

fn write_folder(folder: &Path, files: &[(&'static str, Vec<u8>)]) {
    std::fs::create_dir_all(folder).unwrap();
    for (name, bytes) in files {
        std::fs::write(folder.join(name), bytes).unwrap();
    }
}

fn open_in(data_dir: &Path, local: Option<&Path>) -> Result<Dataset, DatasetError> {
    let options = OpenOptions {
        data_dir: data_dir.into(),
        local: local.map(Into::into),
        ..OpenOptions::default()
    };
    open(&Source::Cifar100, &options)
}
