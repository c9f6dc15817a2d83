//! Image files of every format.

#![no_main]

use std::io::Cursor;
use std::path::Path;

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    match dataset::decode(Cursor::new(bytes), Path::new("picture")) {
        Ok(image) => {
            assert_eq!(image.pixels.len(), image.height * image.width * 3);
            dataset::is_animated(Cursor::new(bytes));
        }
        Err(error) => fuzz::one_line(&error),
    }
});
