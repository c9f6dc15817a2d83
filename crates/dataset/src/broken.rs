//! Pictures that cannot be decoded, found before anything is computed.

use std::path::{Path, PathBuf};

use rayon::prelude::*;

use crate::{Dataset, DatasetError, Split, decode_file};

/// A picture that cannot be decoded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BrokenPicture {
    /// Its file, relative to the data set.
    pub file: String,
    /// What is wrong with it, in one line.
    pub reason: String,
}

/// Decodes every picture of `split` that has a file of its own, on all cores; returns those that
/// cannot be, in the split's order.
fn broken_pictures(split: &Split) -> Vec<BrokenPicture> {
    if split.stored_size().is_some() {
        return Vec::new();
    }
    let broken = |i| {
        let error = split.image(i).err()?;
        Some(BrokenPicture {
            file: split.describe(i),
            reason: reason(&error),
        })
    };
    (0..split.len())
        .into_par_iter()
        .filter_map(broken)
        .collect()
}

/// Checks that every picture of every split can be decoded: all of them once, on all cores.
///
/// # Errors
/// [`DatasetError::Undecodable`] names those that cannot be.
pub fn check_pictures(dataset: &Dataset) -> Result<(), DatasetError> {
    let splits: Vec<&Split> = dataset.splits().map(|(_, split)| split).collect();
    check(&dataset.name, &splits)
}

/// As [`check_pictures`], of one split of the data set called `name`.
///
/// # Errors
/// [`DatasetError::Undecodable`].
pub fn check_split(name: &str, split: &Split) -> Result<(), DatasetError> {
    check(name, &[split])
}

fn check(name: &str, splits: &[&Split]) -> Result<(), DatasetError> {
    let broken: Vec<BrokenPicture> = splits
        .iter()
        .flat_map(|split| broken_pictures(split))
        .collect();
    match broken.is_empty() {
        true => Ok(()),
        false => Err(DatasetError::Undecodable {
            name: name.to_owned(),
            checked: splits.iter().map(|split| split.len()).sum(),
            broken,
        }),
    }
}

/// Takes the files that cannot be decoded out of `files`, which are relative to `root`.
pub(crate) fn leave_out(root: &Path, files: &mut Vec<PathBuf>) -> Vec<PathBuf> {
    let all = std::mem::take(files);
    let (good, broken) = all
        .into_par_iter()
        .partition(|file| decode_file(&root.join(file)).is_ok());
    *files = good;
    broken
}

/// What is wrong, without the file's name, which stands beside it.
pub(crate) fn reason(error: &DatasetError) -> String {
    match error {
        DatasetError::Decode { reason, .. } => reason.clone(),
        DatasetError::Io { source, .. } => source.to_string(),
        other => other.to_string(),
    }
}

/// Most pictures that a line names.
const NAMED: usize = 3;

/// Says `a.jpg (the file is empty), b.jpg (…) and 3 more`.
pub(crate) fn listed(broken: &[BrokenPicture]) -> String {
    let named: Vec<String> = broken
        .iter()
        .take(NAMED)
        .map(|picture| format!("{} ({})", picture.file, picture.reason))
        .collect();
    match broken.len() - named.len() {
        0 => named.join(", "),
        more => format!("{} and {more} more", named.join(", ")),
    }
}
