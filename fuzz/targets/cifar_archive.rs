//! CIFAR-100's archive: the bytes are the tar file, compressed here, since a
//! mutated gzip stream fails its checksum.

#![no_main]

use std::fs;
use std::io::Write as _;

use dataset::{OpenOptions, Source};
use flate2::Compression;
use flate2::write::GzEncoder;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|tar: &[u8]| {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(tar).expect("memory takes it");
    let archive = encoder.finish().expect("memory takes it");

    let folder = fuzz::Folder::new();
    let options = OpenOptions {
        data_dir: folder.path("data"),
        local: Some(folder.write("archive.tar.gz", &archive)),
        ..OpenOptions::default()
    };
    if let Err(error) = dataset::open(&Source::Cifar100, &options) {
        fuzz::one_line(&error);
    }
    let outside = fs::read_dir(folder.path("")).expect("it is there");
    let names: Vec<_> = outside.flatten().map(|entry| entry.file_name()).collect();
    assert!(
        names
            .iter()
            .all(|name| name == "data" || name == "archive.tar.gz"),
        "written outside of the data folder: {names:?}"
    );
});
