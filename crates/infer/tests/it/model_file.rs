//! `ModelFile`: what is accepted, and each refusal.

use std::path::Path;

use contract::ContractError;
use infer::{InferError, ModelFile};
use onnx::proto::ValueInfoProto;
use onnx::{Dim, Elem, ModelProto};

use crate::tiny;

fn refuse(model: &ModelProto) -> InferError {
    ModelFile::from_bytes(model.to_bytes()).unwrap_err()
}

/// The tiny model with its contract's text changed.
fn with_contract(change: impl Fn(&mut serde_json::Value)) -> ModelProto {
    let mut model = tiny::model();
    let entry = &mut model.metadata_props[0];
    let mut contract = serde_json::from_str(&entry.value).unwrap();
    change(&mut contract);
    entry.value = contract.to_string();
    model
}

#[test]
fn a_model_with_a_contract_is_read_without_onnx_runtime() {
    let model = ModelFile::from_bytes(tiny::model().to_bytes()).unwrap();
    assert_eq!(*model.contract(), tiny::contract(&tiny::digits()));
    assert_eq!(
        (model.opset(), model.nodes(), model.producer()),
        (18, 5, "test 1")
    );
    assert_eq!(model.sha256().len(), 64);
}

#[test]
fn a_missing_file_is_named() {
    let error = ModelFile::read(Path::new("no/such.onnx")).unwrap_err();
    assert!(matches!(error, InferError::ReadModel { .. }));
    assert!(error.to_string().contains("no/such.onnx"), "{error}");
}

#[test]
fn garbage_is_no_model() {
    for garbage in [
        &b""[..],
        b"\x89PNG\r\n\x1a\n",
        b"hello world",
        &[0xff; 1000],
    ] {
        let error = ModelFile::from_bytes(garbage.to_vec()).unwrap_err();
        assert!(matches!(error, InferError::NotOnnx { .. }), "{error}");
    }
}

#[test]
fn a_truncated_file_is_never_accepted() {
    let bytes = tiny::model().to_bytes();
    for length in (0..bytes.len()).step_by(97).chain([bytes.len() - 1]) {
        let error = ModelFile::from_bytes(bytes[..length].to_vec()).unwrap_err();
        assert!(
            matches!(
                error,
                InferError::NotOnnx { .. } | InferError::NoContract { .. }
            ),
            "{length} bytes: {error}"
        );
    }
}

#[test]
fn a_model_without_contract_says_how_to_get_one() {
    let mut model = tiny::model();
    model.metadata_props.clear();
    let error = refuse(&model);
    assert!(matches!(error, InferError::NoContract { .. }), "{error}");
    assert!(error.hint().unwrap().contains("trainer export"));
}

#[test]
fn a_contract_of_a_newer_version_is_refused_before_its_fields_are_read() {
    let error = refuse(&with_contract(|contract| {
        *contract = serde_json::json!({"version": 99, "unheard": "of"});
    }));
    let newer = matches!(
        error,
        InferError::Contract {
            source: ContractError::NewerVersion { .. },
            ..
        }
    );
    assert!(newer, "{error}");
    assert!(error.to_string().contains("99"), "{error}");
}

#[test]
fn a_contract_that_is_no_contract_is_refused() {
    let error = refuse(&with_contract(|contract| {
        contract["classes"] = serde_json::json!("ten")
    }));
    assert!(matches!(error, InferError::Contract { .. }), "{error}");
    assert!(error.to_string().contains("classes"), "{error}");
}

#[test]
fn a_graph_that_differs_from_its_contract_is_refused_with_the_difference() {
    let mismatch = |model: &ModelProto, words: &[&str]| {
        let error = refuse(model);
        assert!(matches!(error, InferError::GraphMismatch { .. }), "{error}");
        let line = error.to_string();
        assert!(words.iter().all(|word| line.contains(word)), "{line}");
    };
    let batch = || Dim::Symbolic("batch".into());
    let with_input = |elem, dims: &[Dim]| {
        let mut model = tiny::model();
        model.graph.as_mut().unwrap().input = vec![ValueInfoProto::tensor("image", elem, dims)];
        model
    };
    let size = [Dim::Fixed(8), Dim::Fixed(8), Dim::Fixed(3)];

    mismatch(
        &with_contract(|c| c["input"]["name"] = "pixels".into()),
        &["`image`", "`pixels`"],
    );
    mismatch(
        &with_contract(|c| c["output"]["logits"] = "scores".into()),
        &["output `scores` is missing"],
    );
    mismatch(
        &with_contract(|c| c["input"]["height"] = 16.into()),
        &["[batch, 8, 8, 3]", "[batch, 16, 8, 3]"],
    );
    mismatch(
        &with_contract(|c| {
            c["classes"].as_array_mut().unwrap().pop();
        }),
        &["`logits`", "[batch, 10]", "[batch, 9]"],
    );
    mismatch(
        &with_input(Elem::F32, &[&[batch()][..], &size].concat()),
        &["`image`", "element type 1"],
    );
    mismatch(
        &with_input(Elem::U8, &[&[Dim::Fixed(1)][..], &size].concat()),
        &["[1, 8, 8, 3]"],
    );
    mismatch(&with_input(Elem::U8, &size), &["[8, 8, 3]"]);
    mismatch(&with_input(Elem::U8, &[]), &["[]"]);
}

/// The model of the documentation's examples. `UPDATE_FIXTURES=1` writes it.
#[test]
fn the_fixture_is_the_tiny_model() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/digits.onnx");
    let expected = tiny::model().to_bytes();
    if std::env::var_os("UPDATE_FIXTURES").is_some() {
        std::fs::write(&path, &expected).unwrap();
    }
    assert!(std::fs::read(&path).unwrap() == expected);
}

// The runtime would read it from the current folder, or from wherever it says.
#[test]
fn a_model_whose_constants_are_in_another_file_is_refused() {
    /// A message or text in a field; all lengths here are of one byte.
    fn field(number: u8, bytes: &[u8]) -> Vec<u8> {
        [&[number << 3 | 2, bytes.len() as u8], bytes].concat()
    }
    let location = [field(1, b"location"), field(2, b"etc/passwd")].concat();
    let tensor = [
        // dims, data_type, external_data, data_location
        vec![1 << 3, 40, 2 << 3, 1],
        field(13, &location),
        vec![14 << 3, 1],
    ]
    .concat();
    let initializer = field(5, &[&tensor[..], &field(8, b"secret")].concat());
    let constant = [
        field(2, b"secret"),
        field(4, b"Constant"),
        field(5, &[field(1, b"value"), field(5, &tensor)].concat()),
    ];
    for addition in [initializer, field(1, &constant.concat())] {
        // Two graphs are one: protobuf merges them.
        let bytes = [tiny::model().to_bytes(), field(7, &addition)].concat();
        let error = ModelFile::from_bytes(bytes).unwrap_err();
        assert_eq!(
            error.to_string(),
            "model: the values of tensor `secret` are in another file (`etc/passwd`)"
        );
        assert!(error.hint().unwrap().contains("without external data"));
    }
}
