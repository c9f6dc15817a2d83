//! CIFAR-100's binary records.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use sha2::{Digest, Sha256};

use crate::DatasetError;
use crate::split::ImageRecords;

/// Height and width of an image.
pub(super) const SIDE: usize = 32;
/// Number of fine labels (classes).
pub(super) const FINE: usize = 100;
/// Number of coarse labels (superclasses).
pub(super) const COARSE: usize = 20;

const PLANE: usize = SIDE * SIDE;
const IMAGE: usize = 3 * PLANE;
const RECORD: usize = 2 + IMAGE;
/// Records read at a time: enough to keep the disk busy, small next to the set.
const BLOCK: usize = 256;

/// The labels of one file, in the order of its records.
#[derive(Debug)]
pub(super) struct Labels {
    /// Fine labels, each below [`FINE`].
    pub fine: Vec<usize>,
    /// Coarse labels, each below [`COARSE`].
    pub coarse: Vec<usize>,
}

/// Reads a file of `length` bytes to its end, checking every label. The bytes are
/// also given to `hash`. `file` is for messages.
pub(super) fn read_labels(
    mut reader: impl Read,
    length: u64,
    file: &Path,
    hash: &mut Sha256,
) -> Result<Labels, DatasetError> {
    let count = record_count(length, file)?;
    let mut labels = Labels {
        fine: Vec::with_capacity(count),
        coarse: Vec::with_capacity(count),
    };
    let mut block = vec![0; BLOCK.min(count) * RECORD];
    while labels.fine.len() < count {
        let records = BLOCK.min(count - labels.fine.len());
        let bytes = &mut block[..records * RECORD];
        reader
            .read_exact(bytes)
            .map_err(DatasetError::io("read", file))?;
        hash.update(&*bytes);
        for record in bytes.chunks_exact(RECORD) {
            let index = labels.fine.len();
            let label = |value, kind, classes| label(value, kind, classes, index, file);
            labels.coarse.push(label(record[0], "coarse", COARSE)?);
            labels.fine.push(label(record[1], "fine", FINE)?);
        }
    }
    expect_end(reader, length, file)?;
    Ok(labels)
}

/// The images of one file, read when they are asked for: the system keeps what it
/// has memory for, and a program that needs the test images alone does not hold
/// the 150 MB of the others.
pub(super) struct RecordFile {
    /// The position is shared.
    file: Mutex<File>,
    path: PathBuf,
}

impl RecordFile {
    /// `file`, called `path` in messages; its length has been checked.
    pub fn new(file: File, path: PathBuf) -> Self {
        let file = Mutex::new(file);
        Self { file, path }
    }
}

impl ImageRecords for RecordFile {
    fn read(&self, i: usize) -> Result<Vec<u8>, DatasetError> {
        let mut planes = [0; IMAGE];
        {
            let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
            let start = (i * RECORD + RECORD - IMAGE) as u64;
            file.seek(SeekFrom::Start(start))
                .and_then(|_| file.read_exact(&mut planes))
                .map_err(DatasetError::io("read", &self.path))?;
        }
        let mut image = vec![0; IMAGE];
        interleave(&planes, &mut image);
        Ok(image)
    }
}

fn record_count(length: u64, file: &Path) -> Result<usize, DatasetError> {
    let record = RECORD as u64;
    match usize::try_from(length / record) {
        Ok(count) if count > 0 && length.is_multiple_of(record) => Ok(count),
        _ => Err(DatasetError::RecordFileLength {
            file: file.to_path_buf(),
            length,
            record,
        }),
    }
}

fn label(
    value: u8,
    kind: &'static str,
    classes: usize,
    record: usize,
    file: &Path,
) -> Result<usize, DatasetError> {
    if usize::from(value) < classes {
        return Ok(value.into());
    }
    Err(DatasetError::LabelOutOfRange {
        file: file.to_path_buf(),
        record,
        kind,
        value,
        classes,
    })
}

/// Red, green and blue planes to RGB pixels.
fn interleave(planes: &[u8], image: &mut [u8]) {
    let (red, rest) = planes.split_at(PLANE);
    let (green, blue) = rest.split_at(PLANE);
    for (pixel, ((&r, &g), &b)) in image
        .chunks_exact_mut(3)
        .zip(red.iter().zip(green).zip(blue))
    {
        pixel.copy_from_slice(&[r, g, b]);
    }
}

/// A file that grew while it was read is not the file that was measured.
fn expect_end(mut reader: impl Read, length: u64, file: &Path) -> Result<(), DatasetError> {
    let mut byte = [0];
    match reader.read(&mut byte) {
        Ok(0) => Ok(()),
        Ok(_) => Err(DatasetError::Io {
            action: "read",
            path: file.to_path_buf(),
            source: io::Error::other(format!("longer than its {length} bytes")),
        }),
        Err(error) => Err(DatasetError::io("read", file)(error)),
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use proptest::prelude::*;

    use super::*;

    fn read(bytes: &[u8]) -> Result<Labels, DatasetError> {
        let (file, length) = (Path::new("test.bin"), bytes.len() as u64);
        read_labels(bytes, length, file, &mut Sha256::new())
    }

    /// A record whose planes hold `(r, g, b)` in every pixel but the first.
    fn record(coarse: u8, fine: u8, first: [u8; 3], rest: [u8; 3]) -> Vec<u8> {
        let mut bytes = vec![coarse, fine];
        for c in 0..3 {
            bytes.push(first[c]);
            bytes.extend(std::iter::repeat_n(rest[c], PLANE - 1));
        }
        bytes
    }

    #[test]
    fn reads_labels_and_interleaves_planes() {
        let mut bytes = record(19, 99, [1, 2, 3], [4, 5, 6]);
        bytes.extend(record(0, 7, [9, 8, 7], [0, 0, 255]));
        let labels = read(&bytes).unwrap();
        assert_eq!(labels.coarse, [19, 0]);
        assert_eq!(labels.fine, [99, 7]);

        let mut file = tempfile::tempfile().unwrap();
        file.write_all(&bytes).unwrap();
        let images = RecordFile::new(file, "test.bin".into());
        let (second, first) = (images.read(1).unwrap(), images.read(0).unwrap());
        assert_eq!([first.len(), second.len()], [IMAGE; 2]);
        assert_eq!(first[..6], [1, 2, 3, 4, 5, 6]);
        assert_eq!(second[..6], [9, 8, 7, 0, 0, 255]);
        let error = images.read(2).unwrap_err().to_string();
        assert!(error.contains("test.bin"), "{error}");
    }

    #[test]
    fn names_the_record_of_a_bad_label() {
        // Past the first block, so that the count runs on through blocks.
        let mut bytes = record(0, 0, [0; 3], [0; 3]).repeat(BLOCK + 3);
        bytes[(BLOCK + 1) * RECORD + 1] = 100;
        let error = read(&bytes).unwrap_err();
        assert_eq!(
            error.to_string(),
            "test.bin: record 257: fine label 100 is out of range 0..=99"
        );
        bytes[(BLOCK + 1) * RECORD] = 20;
        let error = read(&bytes).unwrap_err();
        assert_eq!(
            error.to_string(),
            "test.bin: record 257: coarse label 20 is out of range 0..=19"
        );
    }

    #[test]
    fn refuses_a_broken_length() {
        for length in [0, 1, RECORD - 1, RECORD + 1, 3 * RECORD - 7] {
            let error = read(&vec![0; length]).unwrap_err();
            assert_eq!(
                error.to_string(),
                format!(
                    "test.bin: {length} bytes is not a positive multiple of the record length 3074"
                )
            );
        }
    }

    #[test]
    fn refuses_a_file_that_changes_while_it_is_read() {
        let bytes = record(0, 0, [0; 3], [0; 3]).repeat(2);
        for length in [RECORD, 3 * RECORD] {
            let result = read_labels(
                &*bytes,
                length as u64,
                Path::new("train.bin"),
                &mut Sha256::new(),
            );
            assert!(matches!(result, Err(DatasetError::Io { .. })));
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        /// Arbitrary bytes, of arbitrary and of whole-record lengths, give
        /// either records within their ranges or an error; never a panic.
        #[test]
        fn never_panics(
            mut bytes in prop::collection::vec(any::<u8>(), 0..4 * RECORD),
            whole in any::<bool>(),
            valid_labels in any::<bool>(),
        ) {
            if whole {
                bytes.truncate(bytes.len() / RECORD * RECORD);
            }
            if valid_labels {
                for record in bytes.chunks_mut(RECORD) {
                    record[0] %= 20;
                    if let Some(fine) = record.get_mut(1) {
                        *fine %= 100;
                    }
                }
            }
            let expect_ok = bytes.len().is_multiple_of(RECORD) && !bytes.is_empty() && valid_labels;
            match read(&bytes) {
                Ok(labels) => {
                    prop_assert_eq!(labels.fine.len(), bytes.len() / RECORD);
                    prop_assert!(labels.fine.iter().all(|&l| l < FINE));
                    prop_assert!(labels.coarse.iter().all(|&l| l < COARSE));
                    prop_assert_eq!(labels.coarse.len(), labels.fine.len());
                }
                Err(error) => {
                    prop_assert!(!expect_ok, "{}", error);
                    prop_assert!(!error.to_string().contains('\n'));
                }
            }
        }
    }
}
