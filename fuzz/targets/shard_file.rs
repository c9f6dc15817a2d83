//! Shard files of `infer eval --shard`: what is accepted has the images that its
//! header promises.

#![no_main]

use std::path::Path;

use infer::{ShardError, ShardReader};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let read = || {
        let reader = ShardReader::new(Path::new("shard"), bytes)?;
        let classes = reader.header().evaluation.classes;
        reader.read(&mut |_, answer| {
            assert!(answer.label < classes && answer.logits.len() == classes);
            Ok::<(), ShardError>(())
        })
    };
    if let Err(error) = read() {
        fuzz::one_line(&error);
    }
});
