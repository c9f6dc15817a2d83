//! Runs on classes of very different sizes: what is said, measured and left behind.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs;
use std::path::Path;

use end_to_end::{COLOURS, infer, json, run, text, trainer, write_folder};
use serde_json::Value;

/// A run of seconds on the folder `photos`.
const RUN: [&str; 20] = [
    "fit",
    "--dataset",
    "photos",
    "--weights",
    "none",
    "--image-size",
    "32",
    "--epochs",
    "2",
    "--batch-size",
    "12",
    "--head-epochs",
    "0",
    "--select",
    "best",
    "--warmup-epochs",
    "0",
    "--augment",
    "[]",
    "--quiet",
];

/// Writes `photos/{train,val,test}`: 16 blue, 16 green and 4 red pictures to train on, as
/// many of each in the other splits.
fn write_uneven_folder(root: &Path) {
    let photos = root.join("photos");
    for (split, images) in [("train", 16), ("val", 16), ("test", 4)] {
        write_folder(&photos.join(split), images);
    }
    let (rare, _) = COLOURS[2];
    for image in 4..16 {
        fs::remove_file(photos.join(format!("train/{rare}/{image}.png"))).unwrap();
    }
}

/// What a run that succeeds says.
fn said(root: &Path, flags: &[&str]) -> String {
    let output = run(&mut trainer(root, &[&RUN[..], flags].concat()));
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success(), "{said}");
    said
}

#[test]
fn counts_come_before_the_run_and_recall_of_the_rarest_after_it() {
    let root = tempfile::tempdir().unwrap();
    write_uneven_folder(root.path());
    let weighted = [
        "--class-weights",
        "balanced",
        "--monitor",
        "val_balanced_accuracy",
    ];
    let said = said(root.path(), &weighted);
    let (before, after) = said.split_once("epoch 1/2").unwrap();
    for part in [
        "rarest: red 4; most frequent: blue 16 training images, 4 times as many",
        "an image of red counts 3.00 in the loss, one of blue 0.75",
    ] {
        assert!(before.contains(part), "{part}\n{said}");
    }
    for part in [" balanced accuracy ", "rarest   recall on test: red "] {
        assert!(after.contains(part), "{part}\n{said}");
    }
    let folder = root.path().join("runs/photos");
    let log = fs::read_to_string(folder.join("train.log")).unwrap();
    assert!(log.contains("rarest: red 4") && log.contains("rarest   recall"));

    let csv = fs::read_to_string(folder.join("history.csv")).unwrap();
    let (header, _) = csv.split_once('\n').unwrap();
    assert!(header.ends_with("val_top5,val_macro_f1,val_balanced_accuracy"));
    let history = fs::read(folder.join("history.json")).unwrap();
    let history: Value = serde_json::from_slice(&history).unwrap();
    let balanced = |epoch: &Value| epoch["val_balanced_accuracy"].as_f64().unwrap();
    let epochs = history["epochs"].as_array().unwrap();
    let best = epochs.iter().map(balanced).reduce(f64::max).unwrap();

    let model = folder.join("model.onnx");
    let inspect = ["inspect", "--json", text(&model)];
    let training = &json(&run(&mut infer(root.path(), &inspect)))["contract"]["training"];
    assert_eq!(training["metrics"]["val_balanced_accuracy"], best);
    assert_eq!(training["recipe"]["class_weights"], "balanced");
    // As many images of each class: the accuracy is the mean recall.
    assert_eq!(training["metrics"]["val_top1"], best);
}

#[test]
fn without_a_test_folder_the_report_is_about_images_that_were_held_out() {
    let root = tempfile::tempdir().unwrap();
    write_uneven_folder(root.path());
    fs::remove_dir_all(root.path().join("photos/test")).unwrap();
    let said = said(root.path(), &["--sampler", "balanced"]);
    assert!(
        said.contains("every epoch draws as many images of each class; --monitor val_balanced"),
        "{said}"
    );
    assert!(said.contains("rarest   recall on test: red "), "{said}");
    let page = fs::read_to_string(root.path().join("runs/photos/report.html")).unwrap();
    assert!(page.contains("<h1>efficientnet_b0 on photos test</h1>"));
    assert!(
        page.contains("fitted on 48 "),
        "the temperature, on validation"
    );
}

#[test]
fn the_report_is_that_of_eval_with_what_the_run_found() {
    let root = tempfile::tempdir().unwrap();
    write_uneven_folder(root.path());
    // A network that learns nothing: one class for everything.
    let said = said(root.path(), &["--learning-rate", "1e-9"]);
    let folder = root.path().join("runs/photos");
    let report = folder.join("report.html");
    assert!(said.contains("report   runs/photos/report.html"), "{said}");
    let page = fs::read_to_string(&report).unwrap();

    let (model, evaluated) = (folder.join("model.onnx"), folder.join("eval.html"));
    let args = ["eval", "--dataset", "photos", "--model", text(&model)];
    let args = [&args[..], &["--html", text(&evaluated), "--device", "cpu"]].concat();
    assert!(run(&mut infer(root.path(), &args)).status.success());
    let evaluated = fs::read_to_string(&evaluated).unwrap();
    let (findings, without) = cut(&page, "<h3>What the training run found</h3>", "</ul>");
    assert_eq!(timeless(&without), timeless(&evaluated));
    for finding in said
        .lines()
        .filter_map(|line| line.strip_prefix("finding  "))
    {
        assert!(findings.contains(finding), "{finding}\n{findings}");
    }
    assert!(
        findings.contains("no validation image is taken for"),
        "{findings}"
    );
}

/// What stands from `start` to `end`, and the text without it and the line break before.
fn cut(text: &str, start: &str, end: &str) -> (String, String) {
    let (before, rest) = text.split_once(&format!("\n{start}")).unwrap();
    let (part, after) = rest.split_once(end).unwrap();
    (part.to_owned(), format!("{before}{after}"))
}

/// The page without what depends on the clock and on how the model is called.
fn timeless(page: &str) -> Vec<&str> {
    let lines = page.lines();
    let depends = |line: &&str| {
        ["Ran on", "Temperature", "Model"]
            .iter()
            .any(|name| line.starts_with(&format!("<dt>{name}</dt>")))
    };
    lines.filter(|line| !depends(line)).collect()
}

#[test]
fn a_report_that_cannot_be_written_costs_no_run() {
    let root = tempfile::tempdir().unwrap();
    write_uneven_folder(root.path());
    let first = said(root.path(), &["--out", "run"]);
    assert!(!first.contains("warning"), "{first}");
    // A folder is in the way of the file when the run ends a second time.
    let report = root.path().join("run/report.html");
    fs::remove_file(&report).unwrap();
    fs::create_dir(&report).unwrap();
    let output = run(&mut trainer(root.path(), &["fit", "--resume", "run"]));
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success(), "{said}");
    assert!(
        said.contains("warning: no report: cannot write 'run/report.html'"),
        "{said}"
    );
    assert!(root.path().join("run/model.onnx").is_file());
}
