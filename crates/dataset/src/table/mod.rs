//! Tables of pictures and labels: a CSV or TSV file with one picture a line.
//!
//! ```text
//! file,label,split
//! images/1.jpg,rose,train
//! images/2.jpg,tulip,test
//! ```
//!
//! Fields are separated by commas, tabs or semicolons, and quoted as in RFC 4180; lines may end
//! as on Windows, and the text begin with a byte order mark. Columns are found by their names,
//! as fastai, Kaggle and the Hugging Face hub call them ([`FILE_NAMES`], [`LABEL_NAMES`],
//! [`SPLIT_NAMES`]); two columns without a line of names are file and label. Without a column of
//! splits, everything is to learn from, and a test split is taken from it.
//!
//! Files are relative to the table's folder; the folders called `images` or as the table is are
//! looked into too, and an extension may be missing: Kaggle's `train.csv` names the pictures of
//! `train/` so.
//!
//! [`Dataset::sha256`](crate::Dataset::sha256) is as a folder's ([`crate::folder`]), but that each
//! file is followed by its label, a zero byte, the name of its split and another zero byte.

mod columns;
mod files;
mod rows;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::path::{Path, PathBuf};

use contract::fs::open_regular;

use crate::DatasetError;
use crate::error::TableProblem;
use crate::found::{Found, FoundSplit, Purpose};
use crate::names::{SplitName, composed, shown};

pub use columns::{FILE_NAMES, LABEL_NAMES, SPLIT_NAMES};

use files::Finder;
use rows::{Row, rows};

/// Most bytes of a table: some ten million lines.
const MOST_BYTES: u64 = 1 << 30;

/// Finds the images of the table at `path`; reads and decodes none.
///
/// # Errors
/// [`DatasetError::Table`] names the lines that are wrong; [`DatasetError::TooFewClasses`],
/// [`DatasetError::MissingTrain`], [`DatasetError::Io`].
pub(crate) fn find(path: &Path, purpose: Purpose) -> Result<Found, DatasetError> {
    let root = path.parent().unwrap_or(Path::new(""));
    let root = match root.as_os_str().is_empty() {
        true => Path::new("."),
        false => root,
    };
    let wrong = |problems| DatasetError::Table {
        path: path.to_path_buf(),
        problems,
    };
    let text = read(path)?;
    let mut finder = Finder::new(root, &stem(path));
    let rows = rows(&text, &mut finder).map_err(|problem| wrong(vec![problem]))?;
    let (files, problems) = labelled(&rows, &mut finder);
    if !problems.is_empty() {
        return Err(wrong(problems));
    }
    let mut notes = Vec::new();
    let doubled = rows.len() - files.len();
    if doubled > 0 {
        let path = path.display();
        notes.push(match doubled {
            1 => format!("{path}: 1 line names a picture again"),
            lines => format!("{path}: {lines} lines name a picture again"),
        });
    }
    let splits = splits(path, files);
    let [train, ..] = &splits;
    if purpose == Purpose::Training {
        if train.classes.is_empty() && !rows.is_empty() {
            return Err(DatasetError::MissingTrain {
                path: path.to_path_buf(),
                split: rows[0].split.as_deref().map_or_else(String::new, shown),
            });
        }
        if train.classes.len() < 2 {
            return Err(DatasetError::TooFewClasses {
                path: path.to_path_buf(),
                found: train.classes.len(),
                instead: None,
            });
        }
    }
    Ok(Found {
        root: root.to_path_buf(),
        name: stem(path),
        notes,
        splits,
        told_by_paths: false,
    })
}

/// The table's text, without a byte order mark.
fn read(path: &Path) -> Result<String, DatasetError> {
    let io = |error| DatasetError::io("read", path)(error);
    let length = open_regular(path).and_then(|file| file.metadata());
    let length = length.map_err(io)?.len();
    let wrong = |problem: &str| DatasetError::Table {
        path: path.to_path_buf(),
        problems: vec![TableProblem {
            line: 1,
            problem: problem.to_owned(),
        }],
    };
    if length > MOST_BYTES {
        return Err(wrong("the table is larger than 1 GiB"));
    }
    let bytes = fs::read(path).map_err(io)?;
    let text = String::from_utf8(bytes).map_err(|_| wrong("it is not UTF-8 text"))?;
    Ok(match text.strip_prefix('\u{feff}') {
        Some(rest) => rest.to_owned(),
        None => text,
    })
}

/// The table's name without extension.
fn stem(path: &Path) -> String {
    let stem = path.file_stem().unwrap_or_default();
    stem.to_string_lossy().into_owned()
}

/// What a line says of a file.
#[derive(Clone, Copy)]
struct Said<'a> {
    line: u64,
    label: &'a str,
    split: SplitName,
}

/// The files of the rows, each once, with label and split; and all lines that are wrong.
fn labelled<'a>(
    rows: &'a [Row],
    finder: &mut Finder,
) -> (HashMap<PathBuf, Said<'a>>, Vec<TableProblem>) {
    let mut files: HashMap<PathBuf, Said<'a>> = HashMap::with_capacity(rows.len());
    let mut problems = Vec::new();
    for row in rows {
        let checked = said(row).and_then(|said| {
            let file = finder.find(&row.file);
            let file = file.ok_or_else(|| format!("no such file: {}", shown(&row.file)))?;
            let first = *files.entry(file).or_insert(said);
            contradiction(&row.file, said, first)
        });
        problems.extend(checked.err().map(|problem| TableProblem {
            line: row.line,
            problem,
        }));
    }
    (files, problems)
}

/// What a row says, if it says enough.
fn said(row: &Row) -> Result<Said<'_>, String> {
    if row.file.is_empty() {
        return Err("names no file".to_owned());
    }
    if row.label.is_empty() {
        return Err(format!("{} has no label", shown(&row.file)));
    }
    if row.label.contains(char::is_control) {
        let label = shown(&row.label);
        return Err(format!("label '{label}' has a control character"));
    }
    let split = match &row.split {
        None => SplitName::Train,
        Some(name) => SplitName::of(name)
            .ok_or_else(|| format!("'{}' is no split, expected train, val or test", shown(name)))?,
    };
    Ok(Said {
        line: row.line,
        label: &row.label,
        split,
    })
}

/// Fails if a row says otherwise than the `first` one that named the file.
fn contradiction(file: &str, said: Said<'_>, first: Said<'_>) -> Result<(), String> {
    let (file, line) = (shown(file), first.line);
    if said.label != first.label {
        let (one, other) = (shown(said.label), shown(first.label));
        return Err(format!("{file} is '{one}', on line {line} it is '{other}'"));
    }
    if said.split != first.split {
        let (one, other) = (said.split, first.split);
        return Err(format!("{file} is in {one}, on line {line} in {other}"));
    }
    Ok(())
}

fn splits(path: &Path, files: HashMap<PathBuf, Said<'_>>) -> [FoundSplit; 3] {
    let mut classes: [BTreeMap<String, Vec<PathBuf>>; 3] = Default::default();
    for (file, said) in files {
        let of_split = &mut classes[said.split as usize];
        of_split.entry(composed(said.label)).or_default().push(file);
    }
    classes.map(|classes| {
        let mut split = FoundSplit {
            place: (!classes.is_empty()).then(|| path.to_path_buf()),
            ..FoundSplit::default()
        };
        for (name, mut files) in classes {
            files.sort_unstable();
            split.add(&name, files);
        }
        split
    })
}
