//! `compare`: agreement, accuracy, logits, speed.

use std::fs;

use infer::{Classifier, CompareOptions, Device, EvaluateOptions, InferError, compare, evaluate};
use onnx::ModelProto;
use serde_json::Value;

use crate::cli::{infer, model, stdout, text};
use crate::{open, tiny};

/// The tiny model with its first class's logit raised by `lift`, in the bias.
fn lifted(lift: f32) -> ModelProto {
    let mut model = tiny::model();
    let graph = model.graph.as_mut().unwrap();
    let bias = graph
        .initializer
        .iter_mut()
        .find(|constant| constant.name == "bias")
        .unwrap();
    let raised = f32::from_le_bytes(bias.raw_data[..4].try_into().unwrap()) + lift;
    bias.raw_data[..4].copy_from_slice(&raised.to_le_bytes());
    model
}

fn classifier(model: &ModelProto) -> Classifier {
    Classifier::builder()
        .device(Device::Cpu)
        .sessions(2)
        .from_bytes(model.to_bytes())
        .unwrap()
}

#[test]
fn a_model_agrees_with_itself() {
    let test = tiny::digits().test.unwrap();
    let [a, b] = [1, 2].map(|sessions| open(Classifier::builder().sessions(sessions)));
    let options = CompareOptions {
        batch_size: Some(7),
        limit: None,
    };
    let comparison = compare(&a, &b, &test, &options, &|_| ()).unwrap();
    assert_eq!(comparison.images, test.len());
    assert_eq!(comparison.agreement, 1.0);
    assert_eq!(comparison.mcnemar.p_value, 1.0);
    assert_eq!(comparison.logits.max, 0.0);
    assert!(comparison.disagreements.is_empty());
    assert!(comparison.speed.images_per_second.iter().all(|&x| x > 0.0));
}

#[test]
fn figures_are_those_of_evaluating_each() {
    let test = tiny::digits().test.unwrap();
    let models = [tiny::model(), lifted(3.0)].map(|model| classifier(&model));
    let outcomes = models
        .each_ref()
        .map(|model| evaluate(model, &test, &EvaluateOptions::default(), &|_| ()).unwrap());
    let [a, b] = &models;
    let comparison = compare(a, b, &test, &CompareOptions::default(), &|_| ()).unwrap();

    let top1 = outcomes.each_ref().map(|outcome| outcome.evaluation.top1);
    assert_eq!(comparison.accuracy, top1);
    assert!((comparison.logits.max - 3.0).abs() < 1e-3);
    assert!((comparison.logits.mean - 0.3).abs() < 1e-3);
    let pairs = || outcomes[0].predictions.iter().zip(&outcomes[1].predictions);
    let differ: Vec<usize> = pairs()
        .filter(|(a, b)| a.predicted != b.predicted)
        .map(|(a, _)| a.index)
        .collect();
    let found: Vec<usize> = comparison.disagreements.iter().map(|d| d.index).collect();
    assert!(!differ.is_empty());
    assert_eq!(found, differ);
    let only_first = pairs()
        .filter(|(a, b)| a.predicted == a.label && b.predicted != b.label)
        .count();
    assert_eq!(comparison.mcnemar.only_first, only_first as u64);
}

#[test]
fn other_classes_are_refused() {
    let mut other = tiny::model();
    let entry = &mut other.metadata_props[0];
    entry.value = entry.value.replacen("\"1\"", "\"one\"", 1);
    let test = tiny::digits().test.unwrap();
    let (a, b) = (classifier(&tiny::model()), classifier(&other));
    let error = compare(&a, &b, &test, &CompareOptions::default(), &|_| ()).unwrap_err();
    assert!(
        matches!(error, InferError::DifferentClasses { .. }),
        "{error}"
    );
    assert!(error.to_string().contains("class 1 is `1` and `one`"));
}

#[test]
fn the_program_prints_tables_and_json_and_writes_the_differences() {
    let (folder, first) = model();
    let second = folder.path().join("lifted.onnx");
    fs::write(&second, lifted(3.0).to_bytes()).unwrap();
    let csv = folder.path().join("differences.csv");
    let args = [
        "compare",
        "--device",
        "cpu",
        text(&first),
        text(&second),
        "--differences",
        text(&csv),
    ];
    let table = stdout(&infer(&args));
    for word in ["Agreement", "McNemar", "points", "B / A =", "more;"] {
        assert!(table.contains(word), "`{word}` is missing in\n{table}");
    }
    let output = infer(&[&args[..], &["--json"]].concat());
    let document: Value = serde_json::from_str(&stdout(&output)).unwrap();
    let disagreements = document["disagreements"].as_array().unwrap();
    let mut reader = csv::Reader::from_path(&csv).unwrap();
    let rows: Vec<csv::StringRecord> = reader.records().map(Result::unwrap).collect();
    assert_eq!(rows.len(), disagreements.len());
    for (row, found) in rows.iter().zip(disagreements) {
        assert_eq!(row[1], found["image"]);
        let predicted = [&row[3], &row[5]];
        assert_eq!(found["predicted"], serde_json::json!(predicted));
        assert_ne!(predicted[0], predicted[1]);
    }
}

#[test]
fn a_place_for_the_differences_that_is_not_there_fails_before_the_run() {
    let (folder, model) = model();
    let csv = folder.path().join("none/differences.csv");
    let output = infer(&[
        "compare",
        text(&model),
        text(&model),
        "--differences",
        text(&csv),
    ]);
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&output.stderr).contains("no folder"));
}
