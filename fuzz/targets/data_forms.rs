//! Data sets in files: tables and archives. The first byte chooses the name, which tells tables;
//! the others are the file. Two pictures lie beside it for a table to name.
//!
//! Parquet is left out: the library panics over damaged files, which is caught where it is called,
//! but not under a fuzzer.

#![no_main]

use std::fs;

use dataset::{OpenOptions, Source};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| {
    let Some((choice, bytes)) = input.split_first() else {
        return;
    };
    if bytes.starts_with(b"PAR1") {
        return;
    }
    let name = ["set.csv", "set.tsv", "set.zip"][usize::from(*choice) % 3];
    let folder = fuzz::Folder::new();
    folder.write("a.png", b"a");
    folder.write("b.png", b"b");
    let options = OpenOptions {
        data_dir: folder.path("data"),
        ..OpenOptions::default()
    };
    let source = Source::Path(folder.write(name, bytes));
    match dataset::open(&source, &options) {
        Ok(dataset) => dataset.notes.iter().for_each(fuzz::one_line),
        Err(error) => fuzz::one_line(&error),
    }
    let inside = fs::read_dir(folder.path("")).expect("it is there");
    let names: Vec<_> = inside.flatten().map(|entry| entry.file_name()).collect();
    let known = ["a.png", "b.png", "data", name];
    assert!(
        names.iter().all(|name| known.iter().any(|known| name == known)),
        "written outside of the data folder: {names:?}"
    );
});
