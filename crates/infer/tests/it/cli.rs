//! The program `infer` from the outside.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use assert_cmd::cargo::CommandCargoExt as _;
use serde_json::Value;
use tempfile::TempDir;

use crate::tiny;

/// A folder with the tiny model in it.
pub fn model() -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("tiny.onnx");
    fs::write(&path, tiny::model().to_bytes()).unwrap();
    (folder, path)
}

pub fn infer(args: &[&str]) -> Output {
    Command::cargo_bin("infer")
        .unwrap()
        .args(args)
        .output()
        .unwrap()
}

pub fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// Stdout of a run that succeeded.
pub fn stdout(output: &Output) -> String {
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{stderr}");
    String::from_utf8(output.stdout.clone()).unwrap()
}

/// Checks for exit code 1, an empty stdout, one `error:` line with `words`
/// and one `hint:` line.
fn assert_fails(output: &Output, words: &[&str]) {
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{stderr}");
    assert!(output.stdout.is_empty());
    let lines: Vec<&str> = stderr.lines().collect();
    assert!(
        lines.len() == 2 && lines[0].starts_with("error: ") && lines[1].starts_with("hint: "),
        "{stderr}"
    );
    assert!(words.iter().all(|word| lines[0].contains(word)), "{stderr}");
}

#[test]
fn inspect_prints_the_contract() {
    let (_folder, model) = model();
    let table = stdout(&infer(&["inspect", text(&model)]));
    for word in [
        "nearest_mean",
        "1930 trainable",
        "uint8 RGB [batch, 8, 8, 3]",
        "opset 18",
        "seed 42",
        "val_top1",
    ] {
        assert!(table.contains(word), "`{word}` is missing in\n{table}");
    }
}

#[test]
fn inspect_needs_no_onnx_runtime_and_prints_json() {
    let (_folder, model) = model();
    let output = Command::cargo_bin("infer")
        .unwrap()
        .args(["inspect", "--json", text(&model)])
        .env("ORT_DYLIB_PATH", "no/such/library.so")
        .output()
        .unwrap();
    let document: Value = serde_json::from_str(&stdout(&output)).unwrap();
    assert_eq!(document["contract"]["architecture"], "nearest_mean");
    assert_eq!(document["opset"], 18);
}

#[test]
fn eval_prints_a_summary_and_the_classification_report() {
    let (_folder, model) = model();
    let output = infer(&["eval", "--device", "cpu", "--model", text(&model)]);
    assert!(
        output.stderr.is_empty(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let table = stdout(&output);
    for word in [
        "CPUExecutionProvider",
        "digits, test split",
        "Top-1",
        "Top-5",
        "img/s",
        "macro avg",
        "weighted avg",
    ] {
        assert!(table.contains(word), "`{word}` is missing in\n{table}");
    }
}

#[test]
fn eval_prints_json_and_writes_files() {
    let (folder, model) = model();
    let out = folder.path().join("deep/report");
    let args = [
        "eval",
        "--json",
        "-q",
        "--device",
        "cpu",
        "--model",
        text(&model),
        "--out",
        text(&out),
    ];
    let document: Value = serde_json::from_str(&stdout(&infer(&args))).unwrap();
    assert_eq!(document["provider"], "CPUExecutionProvider");
    assert_eq!(document["dataset"]["matches_training"], true);
    assert!(document["top1"].as_f64().unwrap() > 0.8);
    assert!(document["images_per_second"].as_f64().unwrap() > 0.0);
    assert_eq!(document["images"], tiny::digits().test.unwrap().len());
    assert!(
        document["runtime"]["version"]
            .as_str()
            .unwrap()
            .starts_with("1.")
    );

    let written: Value =
        serde_json::from_str(&fs::read_to_string(out.join("metrics.json")).unwrap()).unwrap();
    assert_eq!(written, document);
    assert_eq!(
        fs::read_to_string(out.join("confusion.csv"))
            .unwrap()
            .lines()
            .count(),
        11
    );
    assert!(
        fs::read_to_string(out.join("report.txt"))
            .unwrap()
            .contains("weighted avg")
    );
    assert!(
        fs::read(out.join("confusion.png"))
            .unwrap()
            .starts_with(b"\x89PNG")
    );
    assert!(
        fs::read(out.join("reliability.png"))
            .unwrap()
            .starts_with(b"\x89PNG")
    );
    assert_eq!(
        fs::read_dir(&out).unwrap().count(),
        5,
        "nothing else may be left there"
    );
}

#[test]
fn the_val_and_train_splits_are_remade_from_the_contract() {
    let (_folder, model) = model();
    let images = |split| {
        let args = [
            "eval",
            "--json",
            "--device",
            "cpu",
            "--model",
            text(&model),
            "--split",
            split,
        ];
        let document: Value = serde_json::from_str(&stdout(&infer(&args))).unwrap();
        document["images"].as_u64().unwrap() as usize
    };
    let digits = tiny::digits();
    let expected =
        dataset::stratified_split(&digits.train.labels(), &digits.classes, 0.2, 42).unwrap();
    assert_eq!(
        (images("train"), images("val")),
        (expected.train.len(), expected.val.len())
    );
}

#[test]
fn a_reader_that_goes_away_is_no_error() {
    let (_folder, model) = model();
    let mut child = Command::cargo_bin("infer")
        .unwrap()
        .args(["inspect", text(&model)])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert!(
        output.status.success() && output.stderr.is_empty(),
        "{output:?}"
    );
}

#[test]
fn a_missing_model_is_one_line_and_a_hint() {
    assert_fails(
        &infer(&["eval", "--model", "no/such.onnx"]),
        &["no/such.onnx"],
    );
    assert_fails(&infer(&["inspect", "no/such.onnx"]), &["no/such.onnx"]);
}

#[test]
fn a_missing_runtime_is_one_line_and_a_hint() {
    let (_folder, model) = model();
    let output = infer(&[
        "eval",
        "--model",
        text(&model),
        "--runtime",
        "no/library.so",
    ]);
    assert_fails(&output, &["no/library.so", "does not exist"]);
    assert!(String::from_utf8_lossy(&output.stderr).contains("tools/onnxruntime.sh"));
}

#[test]
fn a_data_set_without_a_class_of_the_model_is_refused() {
    let (folder, model) = model();
    for class in ["cat", "dog"] {
        for split in ["train", "test"] {
            let dir = folder.path().join("photos").join(split).join(class);
            fs::create_dir_all(&dir).unwrap();
            image::RgbImage::new(8, 8).save(dir.join("a.png")).unwrap();
        }
    }
    let photos = folder.path().join("photos");
    let output = infer(&[
        "eval",
        "--device",
        "cpu",
        "--model",
        text(&model),
        "--dataset",
        text(&photos),
    ]);
    assert_fails(&output, &["none of its 2 classes", "the model's 10"]);
}

#[test]
fn an_output_folder_that_cannot_be_made_fails_before_the_evaluation() {
    let (folder, model) = model();
    let file = folder.path().join("file");
    fs::write(&file, b"").unwrap();
    let out = file.join("report");
    let output = infer(&[
        "eval",
        "--device",
        "cpu",
        "--model",
        text(&model),
        "--out",
        text(&out),
    ]);
    assert_fails(&output, &["cannot write", "report"]);
}

#[test]
fn wrong_usage_exits_with_2() {
    for args in [
        &["eval", "--model", "m.onnx", "--device", "tpu"][..],
        &["eval", "--model", "m.onnx", "--split", "holdout"],
        &["eval", "--model", "m.onnx", "--sessions", "0"],
        &["eval"],
        &["predict", "--model", "m.onnx"],
        &["predict", "--model", "m.onnx", "--json", "--csv", "a.png"],
        &["predict", "--model", "m.onnx", "-", "--files-from", "-"],
        &["predict", "--model", "m.onnx", "-0", "a.png"],
        &["inspect", "m.onnx", "--color", "sometimes"],
        &["inspect", "m.onnx", "-q", "-v"],
        &["completions", "csh"],
        &["train"],
    ] {
        let output = infer(args);
        assert_eq!(output.status.code(), Some(2), "{args:?}");
        assert!(
            String::from_utf8_lossy(&output.stderr).starts_with("error: "),
            "{args:?}"
        );
    }
}

#[test]
fn help_documents_the_exit_codes_and_gives_examples() {
    for args in [
        &["--help"][..],
        &["eval", "--help"],
        &["inspect", "--help"],
        &["man", "--help"],
        &["completions", "--help"],
    ] {
        assert!(
            stdout(&infer(args))
                .contains("Exit codes: 0 success, 1 failure, 2 wrong usage, 130 interrupted")
        );
    }
    assert!(stdout(&infer(&["--help"])).contains("Examples:"));
}
