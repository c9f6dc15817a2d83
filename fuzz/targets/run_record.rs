//! A run's `run.json`: what is accepted names places that can be shown in a line.

#![no_main]

use std::path::Path;

use dataset::RunRecord;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|json: &[u8]| {
    match RunRecord::from_json(json.to_vec(), Path::new("/nowhere/run")) {
        Ok(record) => {
            let (source, options) = record.place();
            fuzz::one_line(&source);
            fuzz::one_line(&options.data_dir.display());
        }
        Err(reason) => fuzz::one_line(&reason),
    }
});
