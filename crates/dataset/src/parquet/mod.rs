//! Parquet files of pictures, as the Hugging Face hub has image data sets: a column of pictures
//! (a group of `bytes` and `path`, or the bytes themselves) and one of labels, numbers that the
//! file's `huggingface` metadata has the names for, or texts.
//!
//! Files of one data set, `train-00000-of-00002.parquet` and so on, lie in a folder or in `data/`
//! of it; the first word of a name tells the split, and one that tells none is to learn from. The
//! pictures are unpacked once, into the folder of data sets, with a table of their labels, which
//! is read as every table is ([`crate::table`]).

mod labels;
mod rows;
#[cfg(test)]
mod tests;

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use crate::DatasetError;
use crate::found::{Found, Purpose};
use crate::names::SplitName;
use crate::table;
use crate::unpacked::unpacked;
use rows::Pictures;

/// The table beside the pictures.
const TABLE: &str = "labels.csv";

/// The Parquet files of the data set in `folder`, sorted: there or in `data/`; none where there
/// are other folders, which may be classes.
pub(crate) fn files_in(folder: &Path) -> Vec<PathBuf> {
    let others = fs::read_dir(folder).into_iter().flatten().flatten();
    let mut others = others.filter(|entry| {
        let name = entry.file_name();
        let hidden = name.as_encoded_bytes().starts_with(b".");
        name != "data" && !hidden && entry.path().is_dir()
    });
    if others.next().is_some() {
        return Vec::new();
    }
    for place in [folder.to_path_buf(), folder.join("data")] {
        let entries = fs::read_dir(&place).into_iter().flatten().flatten();
        let mut files: Vec<PathBuf> = entries
            .map(|entry| entry.path())
            .filter(|path| path.extension().is_some_and(|end| end == "parquet"))
            .filter(|path| path.is_file())
            .collect();
        if !files.is_empty() {
            files.sort_unstable();
            return files;
        }
    }
    Vec::new()
}

/// Finds the images of Parquet `files`, which are one data set called `name`; they are unpacked
/// below `data_dir`, if they are not there.
///
/// # Errors
/// [`DatasetError::BadArchive`], [`DatasetError::Io`], and those of [`table::find`].
pub(crate) fn find(
    files: &[PathBuf],
    name: &str,
    purpose: Purpose,
    data_dir: &Path,
) -> Result<Found, DatasetError> {
    let unpacked = unpacked(files, name, data_dir, |part, limit| {
        unpack(files, part, limit)
    })?;
    let mut found = table::find(&unpacked.folder.join(TABLE), purpose)?;
    found.name = name.to_owned();
    if unpacked.is_new {
        let folder = unpacked.folder.display();
        let note = format!("{name} is unpacked to {folder}, where it stays");
        found.notes.insert(0, note);
    }
    Ok(found)
}

/// Writes each picture to a file of its own, and the table.
fn unpack(files: &[PathBuf], part: &Path, limit: u64) -> Result<(), DatasetError> {
    let mut left = limit;
    let table_path = part.join(TABLE);
    let file = File::create_new(&table_path).map_err(DatasetError::io("create", &table_path))?;
    let mut table = csv::Writer::from_writer(file);
    let cannot = |error: csv::Error| DatasetError::io("write", &table_path)(error.into());
    table
        .write_record(["file", "label", "split"])
        .map_err(cannot)?;
    for (number, path) in files.iter().enumerate() {
        let bad = |reason: String| DatasetError::BadArchive {
            path: path.clone(),
            reason,
        };
        let split = split_of(path);
        let folder = PathBuf::from(format!("{split}-{number}"));
        let to = part.join(&folder);
        fs::create_dir(&to).map_err(DatasetError::io("create", &to))?;
        let mut pictures = Pictures::open(path).map_err(bad)?;
        let mut row = 0_u64;
        while let Some((bytes, label)) = pictures.next().map_err(bad)? {
            left = left
                .checked_sub(bytes.len() as u64)
                .ok_or_else(|| bad(format!("it unpacks to more than {limit} bytes")))?;
            // Ten digits keep the order of the rows.
            let file = folder.join(format!("{row:010}.{}", extension(&bytes)));
            let to = part.join(&file);
            fs::write(&to, &bytes).map_err(DatasetError::io("write", &to))?;
            let file = file.to_string_lossy();
            table
                .write_record([&*file, &label, &split.to_string()])
                .map_err(cannot)?;
            row += 1;
        }
    }
    table
        .flush()
        .map_err(|error| DatasetError::io("write", &table_path)(error))
}

/// The split that a file's name begins with.
fn split_of(path: &Path) -> SplitName {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let first = name.split(['-', '_', '.']).next().unwrap_or_default();
    SplitName::of(first).unwrap_or(SplitName::Train)
}

/// The extension of a picture's format: `bin` for bytes that are none.
fn extension(bytes: &[u8]) -> &'static str {
    let format = image::guess_format(bytes).ok();
    let extensions = format.map(|format| format.extensions_str());
    extensions.and_then(|names| names.first()).unwrap_or(&"jpg")
}
