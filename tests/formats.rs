//! Files that the first version wrote are read by this one: a model, its checkpoints, a run
//! that was killed, shards. Made by `tools/golden/formats/make.sh` with the programs of commit
//! df14c5a (0.1.0, contract version 1).

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs;
use std::path::{Path, PathBuf};

use end_to_end::{infer, json, run, stdout, text, trainer};
use flate2::read::GzDecoder;
use serde_json::Value;

const FORMATS: &[u8] = include_bytes!("fixtures/formats-1.tar.gz");

/// The files, unpacked into `folder`.
fn formats(folder: &Path) -> PathBuf {
    tar::Archive::new(GzDecoder::new(FORMATS))
        .unpack(folder)
        .unwrap();
    folder.join("formats")
}

/// The column of a history's CSV.
fn column(csv: &str, name: &str) -> Vec<f64> {
    let mut lines = csv.lines();
    let place = lines
        .next()
        .unwrap()
        .split(',')
        .position(|column| column == name)
        .unwrap();
    lines
        .map(|line| line.split(',').nth(place).unwrap().parse().unwrap())
        .collect()
}

fn read(path: &Path) -> Value {
    serde_json::from_slice(&fs::read(path).unwrap()).unwrap()
}

#[test]
fn a_model_scores_what_it_scored() {
    let folder = tempfile::tempdir().unwrap();
    let formats = formats(folder.path());
    let eval = ["eval", "--json", "--no-temperature", "--model"];
    let model = formats.join("finished/model.onnx");
    let scored = json(&run(&mut infer(
        folder.path(),
        &[&eval[..], &[text(&model)]].concat(),
    )));
    let before = read(&formats.join("eval.json"));
    assert_eq!(scored["images"], before["images"]);
    assert_eq!(scored["top1"], before["top1"]);
    let loss = |value: &Value| value["loss"].as_f64().unwrap();
    assert!((loss(&scored) - loss(&before)).abs() < 1e-5);
}

#[test]
fn shards_merge() {
    let folder = tempfile::tempdir().unwrap();
    let formats = formats(folder.path());
    let merged = json(&run(&mut infer(
        &formats,
        &[
            "merge",
            "1.shard",
            "2.shard",
            "--model",
            "finished/model.onnx",
            "--json",
        ],
    )));
    assert_eq!(merged["top1"], read(&formats.join("eval.json"))["top1"]);
}

#[test]
fn a_checkpoint_exports() {
    let folder = tempfile::tempdir().unwrap();
    let formats = formats(folder.path());
    let checkpoint = "finished/checkpoints/best.safetensors";
    let output = run(&mut trainer(
        &formats,
        &["export", checkpoint, "--out", "again.onnx"],
    ));
    stdout(&output);
    assert!(formats.join("again.onnx").is_file());
}

#[test]
fn a_killed_run_goes_on_as_it_would_have() {
    let folder = tempfile::tempdir().unwrap();
    let formats = formats(folder.path());
    stdout(&run(&mut trainer(
        &formats,
        &["fit", "--quiet", "--resume", "killed"],
    )));
    let resumed = fs::read_to_string(formats.join("killed/history.csv")).unwrap();
    let before = fs::read_to_string(formats.join("resumed.csv")).unwrap();
    let losses = |csv: &str| column(csv, "val_loss");
    assert_eq!(losses(&resumed).len(), 6);
    for (now, then) in losses(&resumed).iter().zip(losses(&before)) {
        assert!((now - then).abs() < 1e-4, "{resumed}\n{before}");
    }
}
