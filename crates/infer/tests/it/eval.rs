//! What `infer eval` finds out and writes, beyond the table.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use assert_cmd::cargo::CommandCargoExt as _;
use contract::{Contract, Superclasses};
use dataset::{Split, stratified_limit, stratified_split};
use infer::{Classifier, EvaluateOptions, EvaluationOutcome, InferError, evaluate, evaluate_each};
use metrics::{Calibration, ImageScores, fit_temperature};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::{open, tiny};

/// A folder with the tiny model under a contract changed by `change`.
fn model(change: impl FnOnce(&mut Contract)) -> (TempDir, PathBuf) {
    let mut contract = tiny::contract(&tiny::digits());
    change(&mut contract);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("tiny.onnx");
    fs::write(&path, tiny::model_with(&contract).to_bytes()).unwrap();
    (folder, path)
}

/// `infer eval` on the CPU.
fn eval(model: &Path, args: &[&str]) -> Output {
    let output = Command::cargo_bin("infer")
        .unwrap()
        .args(["eval", "--device", "cpu", "--model"])
        .arg(model)
        .args(args)
        .output()
        .unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{stderr}");
    output
}

fn eval_json(model: &Path, args: &[&str]) -> Value {
    let output = eval(model, &[&["--json"], args].concat());
    serde_json::from_slice(&output.stdout).unwrap()
}

/// The library's answers for a split.
fn outcome(split: &Split) -> EvaluationOutcome {
    let classifier = open(Classifier::builder().sessions(1));
    evaluate(&classifier, split, &EvaluateOptions::default(), &|_| ()).unwrap()
}

/// The library's logits for a split, and the labels.
fn answers(split: &Split) -> (Vec<f32>, Vec<usize>) {
    let classifier = open(Classifier::builder().sessions(1));
    let (mut logits, mut labels) = (Vec::new(), Vec::new());
    evaluate_each(
        &classifier,
        split,
        &EvaluateOptions::default(),
        &mut |answer| {
            logits.extend_from_slice(answer.logits);
            labels.push(answer.label);
            Ok::<(), InferError>(())
        },
    )
    .unwrap();
    (logits, labels)
}

/// The validation split of the tiny model's contract.
fn validation() -> Split {
    let digits = tiny::digits();
    let split = stratified_split(&digits.train.labels(), &digits.classes, 0.2, 42).unwrap();
    digits.train.subset(&split.val)
}

fn close(value: &Value, expected: f64) {
    let found = value.as_f64().unwrap();
    assert!(
        (found - expected).abs() < 1e-6,
        "{found}, expected {expected}"
    );
}

#[test]
fn the_limits_of_the_training_hold_for_its_splits() {
    let (_folder, model) = model(|contract| {
        contract.training.recipe = json!({"train_limit": 200, "val_limit": 50, "seed": 42});
        contract.training.dataset.train = 200;
        contract.training.dataset.val = 50;
    });
    for (split, images) in [("train", 200), ("val", 50), ("test", 359)] {
        let output = eval(&model, &["--json", "--split", split]);
        let document: Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(document["images"], images, "{split}");
        assert!(output.stderr.is_empty(), "{split}");
    }
    // The very images: they are told apart as the library's choice is.
    let classes = tiny::digits().classes;
    let limited = stratified_limit(&validation(), 50, &classes, 42).unwrap();
    let document = eval_json(&model, &["--split", "val"]);
    let expected = serde_json::to_value(&outcome(&limited).evaluation.confusion).unwrap();
    assert_eq!(document["confusion"], expected);
}

#[test]
fn a_split_of_another_size_than_in_training_is_a_warning() {
    let (_folder, model) = model(|contract| contract.training.dataset.val = 7);
    let output = eval(&model, &["--split", "val", "--limit", "10"]);
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert!(
        stderr.starts_with("warning: the val split has 288 images, in training it had 7"),
        "{stderr}"
    );
}

#[test]
fn the_temperature_is_fitted_on_validation_and_reported_on_test() {
    let (_folder, model) = model(|_| ());
    let document = eval_json(&model, &[]);
    let (val_logits, val_labels) = answers(&validation());
    let (logits, labels) = answers(&tiny::digits().test.unwrap());
    let fitted = fit_temperature(&val_logits, &val_labels).unwrap();
    let temperature = &document["temperature"];
    close(&temperature["value"], fitted);
    assert_eq!(temperature["images"], 288);
    assert_eq!(temperature["fitted_on_evaluated_images"], false);
    let [before, after] = [1.0, fitted].map(|temperature| {
        Calibration::new(&ImageScores::of_images(&logits, &labels, temperature))
    });
    for (found, expected) in [
        (&document["calibration"], &before),
        (&temperature["scaled"], &after),
    ] {
        close(&found["ece"], expected.ece);
        close(&found["loss"], expected.loss);
        close(&found["brier"], expected.brier);
        assert_eq!(found["bins"].as_array().unwrap().len(), 15);
    }
    let [unscaled, scaled] = [0, 1].map(|i| temperature["validation"][i]["loss"].as_f64().unwrap());
    assert!(scaled < unscaled, "{scaled} {unscaled}");

    let on_val = eval_json(&model, &["--split", "val"]);
    close(&on_val["temperature"]["value"], fitted);
    assert_eq!(on_val["temperature"]["fitted_on_evaluated_images"], true);
}

#[test]
fn the_temperature_can_be_left_out() {
    let (_folder, with_split) = model(|_| ());
    assert_eq!(
        eval_json(&with_split, &["--no-temperature"])["temperature"],
        Value::Null
    );
    let text = String::from_utf8(eval(&with_split, &["--no-temperature"]).stdout).unwrap();
    assert!(text.contains("not fitted: --no-temperature"), "{text}");
    let (_folder, without_split) = model(|contract| contract.training.dataset.split = None);
    let text = String::from_utf8(eval(&without_split, &[]).stdout).unwrap();
    assert!(
        text.contains("not fitted: data set digits has no val split"),
        "{text}"
    );
}

#[test]
fn every_headline_figure_has_its_interval_and_the_seed_decides() {
    let (_folder, model) = model(|_| ());
    let document = eval_json(&model, &["--seed", "1", "--no-temperature"]);
    let figures = ["top1", "top5", "loss", "macro_f1", "ece", "brier"];
    for figure in figures {
        let [value, low, high] =
            ["value", "low", "high"].map(|key| document["headline"][figure][key].as_f64().unwrap());
        assert!(low < high, "{figure}");
        // Resampling adds to the calibration error, so it may lie below its interval.
        assert!(
            figure == "ece" || (low <= value && value <= high),
            "{figure}"
        );
    }
    for key in ["top1", "top5", "loss"] {
        close(
            &document["headline"][key]["value"],
            document[key].as_f64().unwrap(),
        );
    }
    assert_eq!(
        document["bootstrap"],
        json!({"level": 0.95, "resamples": 1000, "seed": 1})
    );
    let again = |seed| eval_json(&model, &["--seed", seed, "--no-temperature"])["headline"].clone();
    assert_eq!(again("1"), document["headline"]);
    assert_ne!(again("2"), document["headline"]);
}

#[test]
fn superclasses_and_the_worst_of_everything_are_reported() {
    let of_class = vec![0, 1, 0, 1, 0, 1, 0, 1, 0, 1];
    let (_folder, model) = model(|contract| {
        contract.superclasses = Some(Superclasses {
            names: ["even", "odd"].map(String::from).into(),
            of_class: of_class.clone(),
        });
    });
    let document = eval_json(&model, &["--no-temperature"]);
    let test = outcome(&tiny::digits().test.unwrap());
    let hits = test.predictions.iter();
    let hits = hits
        .filter(|p| of_class[p.label] == of_class[p.predicted])
        .count();
    let accuracy = hits as f64 / test.predictions.len() as f64;
    close(&document["superclasses"]["accuracy"], accuracy);
    assert_eq!(document["superclasses"]["names"], json!(["even", "odd"]));
    close(
        &document["headline"]["superclass_accuracy"]["value"],
        accuracy,
    );

    let list = |key: &str| document[key].as_array().unwrap().clone();
    let images: Vec<u64> = list("most_confused")
        .iter()
        .map(|p| p["images"].as_u64().unwrap())
        .collect();
    assert!(images.is_sorted_by(|a, b| a >= b) && images[0] > 0);
    let accuracies: Vec<f64> = list("classes_by_accuracy")
        .iter()
        .map(|c| c["accuracy"].as_f64().unwrap())
        .collect();
    assert!(accuracies.is_sorted() && accuracies.len() == 10);
    let errors = list("worst_errors");
    let probabilities: Vec<f64> = errors
        .iter()
        .map(|e| e["probability"].as_f64().unwrap())
        .collect();
    assert!(probabilities.is_sorted_by(|a, b| a >= b) && !probabilities.is_empty());
    for error in &errors {
        let prediction = &test.predictions[error["index"].as_u64().unwrap() as usize];
        assert_eq!(error["label"], prediction.label.to_string());
        assert_eq!(error["prediction"], prediction.predicted.to_string());
        assert_ne!(error["label"], error["prediction"]);
    }

    let text = String::from_utf8(eval(&model, &[]).stdout).unwrap();
    for word in [
        "Superclass",
        "ECE",
        "Brier",
        "Temperature",
        "Most confused",
        "Worst errors",
        "Lowest accuracy",
    ] {
        assert!(text.contains(word), "`{word}` is missing in\n{text}");
    }
}

#[test]
fn predictions_are_those_of_the_library_in_csv_and_json_lines() {
    let (folder, model) = model(|_| ());
    let test = tiny::digits().test.unwrap();
    let expected = outcome(&test);
    let [csv, jsonl] = ["p.csv", "deep/p.jsonl"].map(|name| folder.path().join(name));
    for path in [&csv, &jsonl] {
        eval(
            &model,
            &["--no-temperature", "--predictions", path.to_str().unwrap()],
        );
    }

    let mut reader = csv::Reader::from_path(&csv).unwrap();
    let header: Vec<String> = reader
        .headers()
        .unwrap()
        .iter()
        .map(str::to_owned)
        .collect();
    assert_eq!(header[..5], ["index", "file", "label", "prediction", "p:0"]);
    assert_eq!(header.len(), 4 + 10);
    let rows: Vec<BTreeMap<String, String>> = reader.deserialize().map(Result::unwrap).collect();
    let text = fs::read_to_string(&jsonl).unwrap();
    let lines: Vec<Value> = text
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!((rows.len(), lines.len()), (test.len(), test.len()));

    for (i, (row, line)) in rows.iter().zip(&lines).enumerate() {
        let prediction = &expected.predictions[i];
        assert_eq!(
            (&*row["index"], &*row["file"]),
            (&*i.to_string(), &*test.describe(i))
        );
        assert_eq!(row["label"], prediction.label.to_string());
        assert_eq!(row["prediction"], prediction.predicted.to_string());
        for key in ["file", "label", "prediction"] {
            assert_eq!(line[key], row[key]);
        }
        assert_eq!(line["index"], i);
        let probabilities: Vec<f64> = (0..10)
            .map(|class| row[&format!("p:{class}")].parse().unwrap())
            .collect();
        assert!((probabilities.iter().sum::<f64>() - 1.0).abs() < 1e-5);
        assert!(
            (probabilities[prediction.predicted] - f64::from(prediction.probability)).abs() < 1e-6
        );
        for (class, probability) in probabilities.iter().enumerate() {
            close(&line["probabilities"][class], *probability);
        }
    }
}

#[test]
fn predictions_of_another_kind_are_wrong_usage() {
    let output = Command::cargo_bin("infer")
        .unwrap()
        .args(["eval", "--model", "m.onnx", "--predictions", "p.xlsx"])
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(2));
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert!(stderr.contains(".csv or .jsonl"), "{stderr}");
}

#[test]
fn the_report_and_the_grid_are_written_and_the_same_each_time() {
    let (folder, model) = model(|_| ());
    let history = folder.path().join("history.json");
    let epoch = |epoch: u32| json!({"epoch": epoch, "train_loss": 1.0, "train_top1": 0.5, "val_loss": 2.0, "val_top1": 0.4, "more": 1});
    fs::write(
        &history,
        json!({"epochs": [epoch(1), epoch(2)]}).to_string(),
    )
    .unwrap();
    let [html, grid] = ["report.html", "grid.png"].map(|name| folder.path().join(name));
    let args = [
        "--html",
        html.to_str().unwrap(),
        "--grid",
        grid.to_str().unwrap(),
    ];
    eval(&model, &args);
    let page = fs::read_to_string(&html).unwrap();
    for part in [
        "id=\"training\"",
        "cross-entropy",
        "nearest_mean on digits test",
        "temperature",
    ] {
        assert!(page.contains(part), "{part}");
    }
    let picture = image::open(&grid).unwrap();
    assert!(picture.width() > 800 && picture.height() > 800);
    let first = fs::read(&grid).unwrap();
    eval(&model, &args);
    assert!(
        fs::read(&grid).unwrap() == first,
        "the same seed, the same pictures"
    );
    eval(&model, &[&args[..], &["--seed", "5"]].concat());
    assert!(
        fs::read(&grid).unwrap() != first,
        "another seed, other pictures"
    );

    fs::write(&history, "{}").unwrap();
    let stderr = String::from_utf8(eval(&model, &args).stderr).unwrap();
    assert!(
        stderr.contains("no learning curves: ") && stderr.contains("history.json"),
        "{stderr}"
    );
    assert!(
        !fs::read_to_string(&html)
            .unwrap()
            .contains("id=\"training\"")
    );
}

#[test]
fn a_place_that_is_no_file_is_refused_by_its_name_before_the_evaluation() {
    let (folder, model) = model(|_| ());
    let folder = folder.path().to_str().unwrap();
    for (flag, path) in [("--html", ".."), ("--grid", folder)] {
        let output = Command::cargo_bin("infer")
            .unwrap()
            .args(["eval", "--model", model.to_str().unwrap(), flag, path])
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(1));
        assert!(output.stdout.is_empty());
        let stderr = String::from_utf8(output.stderr).unwrap();
        let line = format!("error: cannot write '{path}': that is no name of a file");
        assert!(stderr.contains(&line), "{stderr}");
        assert!(stderr.contains("hint: give the name of a file"), "{stderr}");
    }
}
