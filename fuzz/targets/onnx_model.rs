//! ONNX files with a contract.

#![no_main]

use infer::ModelFile;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    match ModelFile::from_bytes(bytes.to_vec()) {
        Ok(model) => assert_eq!(model.bytes(), bytes),
        Err(error) => fuzz::one_line(&error),
    }
});
