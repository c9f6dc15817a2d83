//! PyTorch files that are far larger inside than outside: refused before memory is taken.

#![expect(clippy::unwrap_used, reason = "a test that fails may panic")]

use std::io::{Cursor, Write};

use pretrained::read;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

/// A pickled string.
fn text(text: &str) -> Vec<u8> {
    let length = u32::try_from(text.len()).unwrap().to_le_bytes();
    [b"X", &length[..], text.as_bytes()].concat()
}

/// A state dict as `torch.save` pickles it: each tensor is a name and a length, all of them views
/// of a storage with two values, with a stride of `stride`.
fn pickle(tensors: &[(&str, i32)], stride: u8) -> Vec<u8> {
    let mut pickle = b"\x80\x02}".to_vec();
    for (name, length) in tensors {
        pickle.extend(text(name));
        pickle.extend(b"ctorch._utils\n_rebuild_tensor_v2\n((");
        pickle.extend(text("storage"));
        pickle.extend(b"ctorch\nFloatStorage\n");
        pickle.extend([text("0"), text("cpu")].concat());
        // Two values of storage; then offset, shape, strides, no gradient, no hooks.
        pickle.extend(b"K\x02tQK\x00J");
        pickle.extend(length.to_le_bytes());
        pickle.extend([0x85, b'K', stride, 0x85, 0x89]);
        pickle.extend(b"ccollections\nOrderedDict\n)RtRs");
    }
    pickle.push(b'.');
    pickle
}

/// The file around it.
fn checkpoint(pickle: &[u8], compression: CompressionMethod) -> Vec<u8> {
    let options = SimpleFileOptions::default().compression_method(compression);
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in [("a/data.pkl", pickle), ("a/data/0", &[0; 8][..])] {
        zip.start_file(name, options).unwrap();
        zip.write_all(bytes).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

fn read_bytes(bytes: &[u8]) -> Result<pretrained::Weights, String> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("weights.pth");
    std::fs::write(&path, bytes).unwrap();
    read(&path, None).map_err(|error| {
        assert!(error.hint().is_some());
        error.to_string()
    })
}

/// The most memory that this process has had so far, in KiB.
#[cfg(target_os = "linux")]
fn peak() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status
        .lines()
        .find(|line| line.starts_with("VmHWM:"))
        .unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

#[test]
fn a_view_that_is_stored_whole_is_read() {
    let bytes = checkpoint(
        &pickle(&[("conv_stem.weight", 2)], 1),
        CompressionMethod::Stored,
    );
    let weights = read_bytes(&bytes).unwrap();
    assert_eq!(weights.tensors["conv_stem.weight"].values, [0.0; 2]);
}

/// 6 GiB out of some hundred bytes.
#[test]
fn a_view_that_repeats_what_is_stored() {
    let bytes = checkpoint(
        &pickle(&[("conv_stem.weight", 1_610_612_736)], 0),
        CompressionMethod::Stored,
    );
    assert!(bytes.len() < 700, "{}", bytes.len());
    let error = read_bytes(&bytes).unwrap_err();
    assert!(
        error.contains("conv_stem.weight of shape [1610612736]"),
        "{error}"
    );
    #[cfg(target_os = "linux")]
    assert!(peak() < 100 << 10, "{} KiB", peak());
}

/// Each fits into the file, all together do not.
#[test]
fn many_views_of_the_same_bytes() {
    let names: Vec<String> = (0..100).map(|number| format!("t{number}")).collect();
    let tensors: Vec<_> = names.iter().map(|name| (name.as_str(), 3000)).collect();
    let bytes = checkpoint(&pickle(&tensors, 0), CompressionMethod::Stored);
    assert!(bytes.len() > 12_000 && bytes.len() < 100_000);
    let error = read_bytes(&bytes).unwrap_err();
    assert!(error.contains("repeats what is stored"), "{error}");
}

#[test]
fn a_pickle_that_is_compressed_or_too_long() {
    // Empty dictionaries, one byte each and some sixty in memory.
    let mut long = b"\x80\x02".to_vec();
    long.resize(17 << 20, b'}');
    let error = read_bytes(&checkpoint(&long, CompressionMethod::Stored)).unwrap_err();
    assert!(error.contains("its pickle has 17825792 bytes"), "{error}");
    let bytes = checkpoint(&long[..1 << 20], CompressionMethod::Deflated);
    assert!(bytes.len() < 5000, "{}", bytes.len());
    let error = read_bytes(&bytes).unwrap_err();
    assert!(error.contains("compressed inside"), "{error}");
}

/// A sparse member of a tar file may claim any length.
#[test]
fn a_tar_file() {
    let mut header = tar::Header::new_gnu();
    header.set_path("storages").unwrap();
    header.set_entry_type(tar::EntryType::GNUSparse);
    header.set_size(0);
    header.as_gnu_mut().unwrap().set_real_size(1 << 40);
    header.set_cksum();
    let error = read_bytes(header.as_bytes()).unwrap_err();
    assert!(error.contains("it is a tar file"), "{error}");
}
