//! The files of `--out`.

use std::fs;
use std::path::Path;

use contract::fs::write_atomically;
use infer::results::EvalResults;

use super::text;
use crate::cli::{Failure, output};

const NAMES: [&str; 5] = [
    "confusion.csv",
    "confusion.png",
    "reliability.png",
    "report.txt",
    "metrics.json",
];

/// Makes the folder and checks that files can be made in it.
pub fn check_folder(dir: &Path) -> Result<(), Failure> {
    let probe = dir.join(format!(".infer-{}", std::process::id()));
    fs::create_dir_all(dir)
        .and_then(|()| fs::write(&probe, b""))
        .and_then(|()| fs::remove_file(&probe))
        .map_err(|error| cannot_write(dir, &error))
}

/// [`check_folder`] of the folder that a file is to lie in, for a path that can be a file's.
pub fn check_folder_of(path: &Path) -> Result<(), Failure> {
    if path.file_name().is_none() || path.is_dir() {
        return Err(Failure::new(
            format!(
                "cannot write '{}': that is no name of a file",
                path.display()
            ),
            "give the name of a file, with its folder or without",
        ));
    }
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => check_folder(folder),
        _ => check_folder(Path::new(".")),
    }
}

/// Writes the files to `dir`.
pub fn write(dir: &Path, results: &EvalResults<'_>) -> Result<(), Failure> {
    let [csv, confusion_png, reliability_png, text, json] = NAMES.map(|name| dir.join(name));
    let confusion = &results.evaluation.confusion;
    let title = results.title();
    write_file(&csv, confusion.to_csv(results.classes).as_bytes())?;
    report::write_confusion_png(&confusion_png, &title, confusion, results.classes)?;
    let scaled = results.temperature.map(|t| t.scaled_calibration());
    report::write_reliability_png(
        &reliability_png,
        &title,
        &results.calibration,
        scaled.as_ref(),
    )?;
    let tables = text::of(results);
    write_file(&text, format!("{}\n", tables.trim_end()).as_bytes())?;
    write_file(&json, format!("{}\n", output::to_json(results)?).as_bytes())
}

/// Writes a file, whole or not at all.
fn write_file(path: &Path, contents: &[u8]) -> Result<(), Failure> {
    write_atomically(path, contents).map_err(|error| cannot_write(path, &error))
}

/// The names of the files in `dir`, for a message.
pub fn names(dir: &Path) -> String {
    format!("{}/{{{}}}", dir.display(), NAMES.join(","))
}

/// The failure of writing to `path`.
pub fn cannot_write(path: &Path, error: &std::io::Error) -> Failure {
    Failure::new(
        format!("cannot write {}: {error}", path.display()),
        "choose a place that you may write to",
    )
}
