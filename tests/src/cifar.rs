//! A tiny CIFAR-100: all 100 classes, a few images each.

use flate2::{Compression, write::GzEncoder};
use tar::{Builder, Header};

/// Bytes of pixels in a record.
const IMAGE: usize = 3072;

/// The four files of the binary version, with `train` and `test` images in
/// each class; class `c` belongs to superclass `c / 5`, and its images are of
/// one colour of its own.
pub fn cifar_files(train: usize, test: usize) -> Vec<(&'static str, Vec<u8>)> {
    vec![
        ("train.bin", records(train)),
        ("test.bin", records(test)),
        ("fine_label_names.txt", names("fine", 100)),
        ("coarse_label_names.txt", names("coarse", 20)),
    ]
}

/// `files` as the official archive has them: gzipped, in a folder.
///
/// # Panics
/// Never: it writes to memory.
pub fn cifar_archive(files: &[(&'static str, Vec<u8>)]) -> Vec<u8> {
    let mut tar = Builder::new(GzEncoder::new(Vec::new(), Compression::fast()));
    for (name, bytes) in files {
        let mut header = Header::new_ustar();
        header.set_mode(0o644);
        header.set_size(bytes.len() as u64);
        let path = format!("cifar-100-binary/{name}");
        tar.append_data(&mut header, path, &bytes[..]).unwrap();
    }
    tar.into_inner().unwrap().finish().unwrap()
}

fn records(per_class: usize) -> Vec<u8> {
    let mut bytes = Vec::new();
    for record in 0..100 * per_class {
        let fine = (record % 100) as u8;
        bytes.extend([fine / 5, fine]);
        for plane in 0..3 {
            // Noise, so that an archive does not compress to next to nothing.
            bytes.extend((0..IMAGE / 3).map(|i| {
                let noise = (i * 31 + record * 17) as u8 % 8;
                fine.wrapping_mul(37 + plane).wrapping_add(noise)
            }));
        }
    }
    bytes
}

fn names(prefix: &str, count: usize) -> Vec<u8> {
    let lines: Vec<String> = (0..count).map(|i| format!("{prefix}_{i}\n")).collect();
    lines.concat().into_bytes()
}
