//! An exported model under Python's onnx and onnxruntime.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use contract::Contract;
use dataset::{OpenOptions, Source};
use end_to_end::{
    assert_failure, infer, json, onnxruntime, project_root, run, stdout, text, trained_digits,
};
use infer::{Classifier, Device};
use serde_json::Value;

/// Both run the same library on the same graph; threads may add up differently.
const TOLERANCE: f64 = 1e-4;

/// Runs `tools/check_onnx.py`.
fn check_onnx(model: &Path, images: &Path) -> Output {
    let root = project_root();
    let packages = root.join(".venv/packages");
    let shown = packages.display();
    assert!(packages.is_dir(), "{shown} is missing: run tools/test");
    let script = root.join("tools/check_onnx.py");
    run(Command::new("python3")
        .env("PYTHONPATH", packages)
        .args([&script, model, images]))
}

#[test]
fn python_reads_the_model_and_gives_the_answers_of_infer() {
    let model = trained_digits().join("model.onnx");
    let test = dataset::open(&Source::Digits, &OpenOptions::default())
        .unwrap()
        .test
        .unwrap();
    let pixels: Vec<u8> = (0..test.len())
        .flat_map(|i| test.pixels(i).unwrap().to_vec())
        .collect();
    let folder = tempfile::tempdir().unwrap();
    let images = folder.path().join("images.bin");
    fs::write(&images, &pixels).unwrap();

    let document = json(&check_onnx(&model, &images));
    let classes: Vec<u64> = document["classes"]
        .as_array()
        .unwrap()
        .iter()
        .map(|class| class.as_u64().unwrap())
        .collect();

    let classifier = Classifier::builder()
        .device(Device::Cpu)
        .runtime(Some(onnxruntime()))
        .from_file(&model)
        .unwrap();
    let answers = classifier.classify_batch(&pixels).unwrap();
    assert_eq!(answers.len(), 359);
    let expected: Vec<u64> = answers.iter().map(|a| a.class() as u64).collect();
    assert_eq!(classes, expected);
    assert_eq!(
        evaluated_classes(&model, folder.path(), classifier.contract()),
        expected
    );
    let told_apart: BTreeSet<u64> = classes.into_iter().collect();
    assert!(
        told_apart.len() >= 5,
        "only {told_apart:?}: the comparison says little"
    );
    for (i, answer) in answers.iter().enumerate() {
        for (class, &logit) in answer.logits.iter().enumerate() {
            let python = document["logits"][i][class].as_f64().unwrap();
            let difference = (python - f64::from(logit)).abs();
            assert!(
                difference < TOLERANCE,
                "image {i}, class {class}: {python} and {logit}"
            );
        }
    }
}

/// The class of each test image in the file that `infer eval --predictions` writes.
fn evaluated_classes(model: &Path, folder: &Path, contract: &Contract) -> Vec<u64> {
    let file = folder.join("predictions.jsonl");
    let args = [
        "eval",
        "--device",
        "cpu",
        "--no-temperature",
        "--model",
        text(model),
    ];
    let args = [&args[..], &["--predictions", text(&file)]].concat();
    stdout(&run(&mut infer(folder, &args)));
    let lines = fs::read_to_string(&file).unwrap();
    let class = |line: &str| {
        let line: Value = serde_json::from_str(line).unwrap();
        let name = line["prediction"].as_str().unwrap();
        contract
            .classes
            .iter()
            .position(|class| class == name)
            .unwrap() as u64
    };
    lines.lines().map(class).collect()
}

#[test]
fn the_script_refuses_what_is_no_whole_number_of_images() {
    let folder = tempfile::tempdir().unwrap();
    let images = folder.path().join("images.bin");
    fs::write(&images, [0; 100]).unwrap();
    let output = check_onnx(&trained_digits().join("model.onnx"), &images);
    assert_failure(&output, 1, &["100 bytes", "multiple of 192"], &["8x8x3"]);
}

#[test]
fn the_class_names_are_where_other_tools_look_for_them() {
    let bytes = fs::read(trained_digits().join("model.onnx")).unwrap();
    let model = onnx::ModelProto::from_bytes(&bytes).unwrap();
    let names: Value = serde_json::from_str(model.metadata("names").unwrap()).unwrap();
    assert_eq!(names.as_array().unwrap().len(), 10);
    assert_eq!(model.metadata("task"), Some("classify"));
}
