//! ONNX files and checkpoints that are not what is expected.

use std::fs;
use std::path::Path;
use std::process::Output;

use contract::Contract;
use end_to_end::{assert_failure, infer, run, text, trained_digits, trainer, write_folder};
use onnx::ModelProto;

/// `infer eval` of a model file with these bytes.
fn eval(cwd: &Path, bytes: &[u8]) -> Output {
    fs::write(cwd.join("model.onnx"), bytes).unwrap();
    run(&mut infer(cwd, &["eval", "--model", "model.onnx"]))
}

fn digits_model() -> Vec<u8> {
    fs::read(trained_digits().join("model.onnx")).unwrap()
}

#[test]
fn a_model_without_contract() {
    let cwd = tempfile::tempdir().unwrap();
    let mut model = ModelProto::from_bytes(&digits_model()).unwrap();
    model.metadata_props.clear();
    let output = eval(cwd.path(), &model.to_bytes());
    assert_failure(
        &output,
        1,
        &["model.onnx", "no model contract"],
        &["trainer export"],
    );
}

#[test]
fn a_model_with_a_contract_of_a_newer_version() {
    let cwd = tempfile::tempdir().unwrap();
    let mut model = ModelProto::from_bytes(&digits_model()).unwrap();
    for entry in &mut model.metadata_props {
        if entry.key == contract::METADATA_KEY {
            // Whatever else a newer version holds: only its number is read.
            entry.value = r#"{"version": 99, "layout": "unheard of"}"#.into();
        }
    }
    let output = eval(cwd.path(), &model.to_bytes());
    assert_failure(
        &output,
        1,
        &["model.onnx", "version 99", "up to 2"],
        &["upgrade"],
    );
}

#[test]
fn a_model_whose_contract_promises_another_graph() {
    let cwd = tempfile::tempdir().unwrap();
    let mut model = ModelProto::from_bytes(&digits_model()).unwrap();
    for entry in &mut model.metadata_props {
        if entry.key == contract::METADATA_KEY {
            let mut contract = Contract::from_json(&entry.value).unwrap();
            contract.output.logits = "scores".into();
            entry.value = contract.to_json();
        }
    }
    let output = eval(cwd.path(), &model.to_bytes());
    assert_failure(
        &output,
        1,
        &["model.onnx", "`scores` is missing"],
        &["trainer export"],
    );
}

#[test]
fn a_model_file_of_garbage_or_cut_short() {
    let cwd = tempfile::tempdir().unwrap();
    let model = digits_model();
    let garbage: Vec<u8> = (0..4096_u32).map(|i| ((i * i) >> 3) as u8).collect();
    for bytes in [
        &b""[..],
        b"not a model",
        &garbage,
        &model[..model.len() / 2],
    ] {
        let output = eval(cwd.path(), bytes);
        assert_failure(
            &output,
            1,
            &["model.onnx", "not a complete ONNX model"],
            &["truncated"],
        );
        let output = run(&mut infer(cwd.path(), &["inspect", "model.onnx"]));
        assert_failure(
            &output,
            1,
            &["model.onnx", "not a complete ONNX model"],
            &["truncated"],
        );
    }
}

#[test]
fn a_model_path_that_is_missing() {
    let cwd = tempfile::tempdir().unwrap();
    for args in [
        &["eval", "--model", "no.onnx"][..],
        &["predict", "--model", "no.onnx", "a.png"],
        &["inspect", "no.onnx"],
    ] {
        let output = run(&mut infer(cwd.path(), args));
        assert_failure(&output, 1, &["no.onnx"], &["trainer export"]);
    }
}

#[test]
fn a_data_set_with_other_classes_than_the_models() {
    let cwd = tempfile::tempdir().unwrap();
    write_folder(&cwd.path().join("photos"), 2);
    let model = trained_digits().join("model.onnx");
    let args = ["eval", "--model", text(&model), "--dataset", "photos"];
    let output = run(&mut infer(cwd.path(), &args));
    assert_failure(
        &output,
        1,
        &["none of its 3 classes", "the model's 10"],
        &["infer inspect"],
    );
}

#[test]
fn a_checkpoint_that_is_none() {
    let cwd = tempfile::tempdir().unwrap();
    fs::write(cwd.path().join("garbage.safetensors"), b"garbage").unwrap();
    let best = fs::read(trained_digits().join("checkpoints/best.safetensors")).unwrap();
    fs::write(
        cwd.path().join("short.safetensors"),
        &best[..best.len() / 2],
    )
    .unwrap();
    let no_tensors: [(&str, safetensors::tensor::TensorView); 0] = [];
    let foreign = safetensors::serialize(no_tensors, None).unwrap();
    fs::write(cwd.path().join("foreign.safetensors"), foreign).unwrap();
    for name in ["garbage", "short", "foreign", "missing"] {
        let file = format!("{name}.safetensors");
        let output = run(&mut trainer(
            cwd.path(),
            &["export", &file, "--out", "x.onnx"],
        ));
        assert_failure(&output, 1, &[&file], &[]);
    }
    assert!(!cwd.path().join("x.onnx").exists());
}
