//! CIFAR-100's records. The first byte says whether the others are filled up
//! to whole records, without which most inputs end at the length check.

#![no_main]

use dataset::{OpenOptions, Source};
use libfuzzer_sys::fuzz_target;

const RECORD: usize = 2 + 3 * 32 * 32;

fuzz_target!(|bytes: &[u8]| {
    let Some((&whole, records)) = bytes.split_first() else {
        return;
    };
    let mut records = records.to_vec();
    if whole % 2 == 1 {
        records.resize(records.len().next_multiple_of(RECORD), 0);
    }
    let folder = fuzz::Folder::new();
    for name in ["train.bin", "test.bin"] {
        let _ = folder.write(name, &records);
    }
    let names = |count: usize| (0..count).map(|i| format!("n{i}\n")).collect::<String>();
    let _ = folder.write("fine_label_names.txt", names(100).as_bytes());
    let local = folder.write("coarse_label_names.txt", names(20).as_bytes());
    let options = OpenOptions {
        data_dir: folder.path("data"),
        local: local.parent().map(Into::into),
        ..OpenOptions::default()
    };
    match dataset::open(&Source::Cifar100, &options) {
        Ok(dataset) => {
            assert_eq!(dataset.train.len(), records.len() / RECORD);
            let last = dataset.train.image(dataset.train.len() - 1);
            assert_eq!(last.expect("it was counted").pixels.len(), RECORD - 2);
        }
        Err(error) => fuzz::one_line(&error),
    }
});
