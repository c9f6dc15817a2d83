//! `trainer fit --resume RUN --epochs N`: a run goes on to another number of epochs, from
//! the very state that it had.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]
#![cfg(unix)]

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Output, Stdio},
    thread,
    time::{Duration, Instant},
};

use contract::fs::sha256_hex;
use end_to_end::{assert_failure, assert_same_outcome, infer, json, run, stdout, text, trainer};
use serde_json::Value;

/// Everything whose state counts, and everything that depends on the number of epochs: a
/// schedule and a size that grows.
const RUN: [&str; 27] = [
    "fit",
    "--recipe",
    "digits",
    "--weights",
    "none",
    "--image-size",
    "48",
    "--start-image-size",
    "32",
    "--train-limit",
    "120",
    "--val-limit",
    "40",
    "--batch-size",
    "8",
    "--accumulate",
    "2",
    "--ema",
    "0.9",
    "--schedule",
    "cosine",
    "--dropout",
    "0.3",
    "--augment",
    "[{ kind = 'shift', limit = 0.2 }]",
    "--state-interval",
    "0",
];

/// A finished run of two epochs at `cwd/two`.
fn finished(cwd: &Path) -> PathBuf {
    let args = [&RUN[..], &["--epochs", "2", "--out", "two"]].concat();
    stdout(&run(&mut trainer(cwd, &args)));
    cwd.join("two")
}

fn resume(folder: &Path, args: &[&str]) -> Output {
    let arguments = ["fit", "--state-interval", "0", "--resume", text(folder)];
    let arguments = [&arguments[..], args].concat();
    run(&mut trainer(folder.parent().unwrap(), &arguments))
}

/// A copy of a run beside it.
fn copy(folder: &Path, name: &str) -> PathBuf {
    let to = folder.with_file_name(name);
    fs::create_dir_all(to.join("checkpoints")).unwrap();
    for part in ["", "checkpoints"] {
        for entry in fs::read_dir(folder.join(part)).unwrap() {
            let from = entry.unwrap().path();
            if from.is_file() {
                fs::copy(&from, to.join(part).join(from.file_name().unwrap())).unwrap();
            }
        }
    }
    to
}

fn read(folder: &Path, file: &str) -> String {
    fs::read_to_string(folder.join(file)).unwrap()
}

fn epochs_of_history(folder: &Path) -> usize {
    read(folder, "history.csv").lines().count() - 1
}

/// Checks that recipe, record and model tell of the same run.
fn assert_consistent(folder: &Path, epochs: u64) {
    let recipe = read(folder, "recipe.toml");
    assert!(
        recipe.contains(&format!("\nepochs = {epochs}\n")),
        "{recipe}"
    );
    let record: Value = serde_json::from_str(&read(folder, "run.json")).unwrap();
    assert_eq!(record["recipe_sha256"], sha256_hex(recipe.as_bytes()));
    assert_eq!(record["replaced_recipe_sha256"], Value::Null);
    assert_eq!(record["contract"]["training"]["recipe"]["epochs"], epochs);
    // The checkpoint that is exported has the best figure of all epochs.
    let history: Value = serde_json::from_str(&read(folder, "history.json")).unwrap();
    let figures = history["epochs"].as_array().unwrap().iter();
    let best = figures
        .map(|epoch| epoch["val_top1"].as_f64().unwrap())
        .fold(0.0, f64::max);
    let inspect = ["inspect", "--json", text(folder)];
    let contract = &json(&run(&mut infer(folder, &inspect)))["contract"];
    assert_eq!(contract["training"]["metrics"]["val_top1"], best);
}

#[test]
fn a_finished_run_goes_on_and_is_the_same_however_often_it_is_killed() {
    let cwd = tempfile::tempdir().unwrap();
    let two = finished(cwd.path());
    let before = read(&two, "history.csv");
    let (reference, again, killed) = (copy(&two, "a"), copy(&two, "b"), copy(&two, "c"));
    let started = Instant::now();
    stdout(&resume(&reference, &["--epochs", "5"]));
    let took = started.elapsed();
    assert!(read(&reference, "history.csv").starts_with(&before));
    assert_eq!(epochs_of_history(&reference), 5);
    assert_consistent(&reference, 5);
    for file in ["test.json", "report.html"] {
        assert!(reference.join(file).is_file(), "{file}");
    }
    stdout(&resume(&again, &["--epochs", "5"]));
    assert_same_outcome(&again, &reference);

    // Told once, it remembers.
    let mut args = vec!["--epochs", "5"];
    for turn in 0..5_u32 {
        let arguments = ["fit", "--state-interval", "0", "--resume", text(&killed)];
        let mut child = trainer(cwd.path(), &[&arguments[..], &args].concat())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        thread::sleep(took.mul_f64(0.15 + 0.4 * (f64::from(turn) * 0.618_033_988).fract()));
        child.kill().unwrap();
        child.wait().unwrap();
        if read(&killed, "recipe.toml").contains("\nepochs = 5\n") {
            args.clear();
        }
    }
    stdout(&resume(&killed, &args));
    assert_same_outcome(&killed, &reference);
    assert_consistent(&killed, 5);

    // A resumed run can be resumed again, with yet more epochs.
    stdout(&resume(&again, &["--epochs", "6"]));
    assert_eq!(epochs_of_history(&again), 6);
    assert_consistent(&again, 6);
}

#[test]
fn a_run_that_was_cut_short_goes_on_to_fewer_or_more_epochs() {
    let cwd = tempfile::tempdir().unwrap();
    let folder = cwd.path().join("run");
    let args = [&RUN[..], &["--epochs", "30", "--out", "run"]].concat();
    let mut child = trainer(cwd.path(), &args)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let deadline = Instant::now() + Duration::from_secs(120);
    while !fs::read_to_string(folder.join("history.csv"))
        .is_ok_and(|history| history.lines().count() >= 3)
    {
        assert!(Instant::now() < deadline && child.try_wait().unwrap().is_none());
        thread::sleep(Duration::from_millis(5));
    }
    child.kill().unwrap();
    child.wait().unwrap();
    let done = epochs_of_history(&folder);
    // The record of an epoch is written a moment before the state that knows of it.
    let (shorter, longer) = ((done + 1).to_string(), (done + 2).to_string());
    let other = copy(&folder, "other");
    stdout(&resume(&folder, &["--epochs", &shorter]));
    assert_eq!(epochs_of_history(&folder), done + 1);
    assert_consistent(&folder, done as u64 + 1);
    stdout(&resume(&other, &["--epochs", &longer]));
    assert_eq!(epochs_of_history(&other), done + 2);

    let fewer = resume(&folder, &["--epochs", "1"]);
    let line = format!("has done {} epochs, more than the 1 asked for", done + 1);
    let least = format!("--epochs {} or more", done + 1);
    assert_failure(&fewer, 1, &[text(&folder), &line], &[&least]);
    assert_consistent(&folder, done as u64 + 1);
}

#[test]
fn a_run_that_stopped_early_goes_on_after_its_last_epoch() {
    let cwd = tempfile::tempdir().unwrap();
    // No epoch is better than the one before it, so the first one that is worse ends it.
    let stubborn = [
        "--early-stopping",
        "1",
        "--learning-rate",
        "1e-9",
        "--min-learning-rate",
        "0",
    ];
    let args = [&RUN[..], &stubborn, &["--epochs", "9", "--out", "run"]].concat();
    stdout(&run(&mut trainer(cwd.path(), &args)));
    let folder = cwd.path().join("run");
    let done = epochs_of_history(&folder);
    assert!(done < 8, "it stopped early");
    // Without being told so it stays ended.
    stdout(&resume(&folder, &[]));
    assert_eq!(epochs_of_history(&folder), done);
    for epochs in ["9", "20"] {
        let copy = copy(&folder, epochs);
        stdout(&resume(&copy, &["--epochs", epochs]));
        let history = read(&copy, "history.csv");
        let numbers = history
            .lines()
            .skip(1)
            .map(|line| line.split(',').next().unwrap());
        let numbers: Vec<usize> = numbers.map(|number| number.parse().unwrap()).collect();
        assert!(numbers.len() > done, "{history}");
        assert!(numbers.iter().copied().eq(1..=numbers.len()), "{history}");
        assert_consistent(&copy, epochs.parse().unwrap());
    }
}

#[test]
fn a_kill_between_two_files_leaves_a_run_that_goes_on() {
    let cwd = tempfile::tempdir().unwrap();
    let two = finished(cwd.path());
    let three = copy(&two, "three");
    stdout(&resume(&three, &["--epochs", "3"]));
    // As it is on the disk once the record is written, and once the recipe is too.
    let mut record: Value = serde_json::from_str(&read(&three, "run.json")).unwrap();
    record["folder"] = text(&two).into();
    record["replaced_recipe_sha256"] = sha256_hex(read(&two, "recipe.toml").as_bytes()).into();
    let record = serde_json::to_vec(&record).unwrap();

    let before = copy(&two, "before");
    fs::write(before.join("run.json"), &record).unwrap();
    stdout(&resume(&before, &[]));
    assert_eq!(epochs_of_history(&before), 2);
    assert_consistent(&before, 2);
    stdout(&resume(&before, &["--epochs", "3"]));
    assert_same_outcome(&before, &three);
    assert_consistent(&before, 3);

    let after = copy(&two, "after");
    fs::write(after.join("run.json"), &record).unwrap();
    fs::copy(three.join("recipe.toml"), after.join("recipe.toml")).unwrap();
    stdout(&resume(&after, &[]));
    assert_same_outcome(&after, &three);
    assert_consistent(&after, 3);
}
