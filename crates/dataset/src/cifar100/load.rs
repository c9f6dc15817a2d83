//! From a folder of CIFAR-100's four files to a data set.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::Path;

use contract::Superclasses;
use contract::fs::open_regular;
use sha2::{Digest, Sha256};

use super::binary::{COARSE, FINE, Labels, RecordFile, SIDE, read_labels};
use super::{COARSE_NAMES, FINE_NAMES, TEST, TRAIN};
use crate::{Copies, Dataset, DatasetError, Split};

/// Reads the files in `folder`. `shown` is the folder or archive that messages
/// name.
pub(super) fn load(folder: &Path, shown: &Path) -> Result<Dataset, DatasetError> {
    let classes = read_names(folder, shown, FINE_NAMES, FINE)?;
    let names = read_names(folder, shown, COARSE_NAMES, COARSE)?;
    let mut hash = Sha256::new();
    let (train, train_images) = read_bin(folder, shown, TRAIN, &mut hash)?;
    let (test, test_images) = read_bin(folder, shown, TEST, &mut hash)?;

    let mut groups = SuperclassMap::new(&classes);
    groups.add(&train, &shown.join(TRAIN))?;
    let of_class = groups.complete(&shown.join(TRAIN))?;
    groups.add(&test, &shown.join(TEST))?;

    let split = |name, labels: Labels, images| {
        Split::from_records(name, [SIDE, SIDE], Box::new(images), labels.fine)
    };
    Ok(Dataset {
        copies: Copies::None,
        test_fraction: None,
        name: "cifar100".into(),
        superclasses: Some(Superclasses { names, of_class }),
        classes,
        sha256: crate::hash::hex(&hash.finalize()),
        train: split("train", train, train_images),
        val: None,
        test: Some(split("test", test, test_images)),
        notes: Vec::new(),
    })
}

/// One name a line; blank lines at the end are not names.
fn read_names(
    folder: &Path,
    shown: &Path,
    member: &'static str,
    expected: usize,
) -> Result<Vec<String>, DatasetError> {
    let text = fs::read(folder.join(member)).map_err(read_error(shown, member))?;
    let names: Vec<String> = String::from_utf8_lossy(&text)
        .lines()
        .map(|line| line.trim().to_owned())
        .filter(|line| !line.is_empty())
        .collect();
    let found = names.iter().collect::<BTreeSet<_>>().len();
    if found != expected || names.len() != expected {
        return Err(DatasetError::LabelNames {
            file: shown.join(member),
            expected,
            found,
        });
    }
    Ok(names)
}

fn read_bin(
    folder: &Path,
    shown: &Path,
    member: &'static str,
    hash: &mut Sha256,
) -> Result<(Labels, RecordFile), DatasetError> {
    let file = open_regular(&folder.join(member)).map_err(read_error(shown, member))?;
    let length = file.metadata().map_err(read_error(shown, member))?.len();
    let path = shown.join(member);
    let labels = read_labels(&file, length, &path, hash)?;
    Ok((labels, RecordFile::new(file, path)))
}

fn read_error(shown: &Path, member: &'static str) -> impl FnOnce(io::Error) -> DatasetError {
    let path = shown.to_path_buf();
    move |error| match error.kind() {
        io::ErrorKind::NotFound => DatasetError::MissingMember { path, member },
        _ => DatasetError::io("read", &path.join(member))(error),
    }
}

/// Which superclass each class belongs to. The archive has no such table: every
/// record says it for its class, and all must agree.
struct SuperclassMap<'a> {
    classes: &'a [String],
    of_class: Vec<Option<usize>>,
}

impl<'a> SuperclassMap<'a> {
    fn new(classes: &'a [String]) -> Self {
        let of_class = vec![None; classes.len()];
        Self { classes, of_class }
    }

    fn add(&mut self, labels: &Labels, file: &Path) -> Result<(), DatasetError> {
        for (record, (&fine, &found)) in labels.fine.iter().zip(&labels.coarse).enumerate() {
            let expected = *self.of_class[fine].get_or_insert(found);
            if expected != found {
                return Err(DatasetError::InconsistentSuperclass {
                    file: file.to_path_buf(),
                    record,
                    class: self.classes[fine].clone(),
                    expected,
                    found,
                });
            }
        }
        Ok(())
    }

    /// The superclass of every class; a class that no record has had is an
    /// error: it could not be learnt.
    fn complete(&self, file: &Path) -> Result<Vec<usize>, DatasetError> {
        self.of_class
            .iter()
            .zip(self.classes)
            .map(|(group, class)| {
                group.ok_or_else(|| DatasetError::EmptyClass {
                    class: class.clone(),
                    place: file.display().to_string(),
                })
            })
            .collect()
    }
}
