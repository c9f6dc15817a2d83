//! Pretrained weights in a safetensors file.

#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let folder = fuzz::Folder::new();
    match pretrained::read(&folder.write("weights.safetensors", bytes), None) {
        Ok(weights) => {
            for tensor in weights.tensors.values() {
                assert_eq!(tensor.values.len(), tensor.shape.iter().product::<usize>());
            }
        }
        Err(error) => fuzz::one_line(&error),
    }
});
