//! Every command that the programs print works as printed, in a shell, from the folder that
//! it is printed in: also where paths have to be quoted.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]
#![cfg(unix)]

use std::{
    fs,
    io::{BufRead, BufReader, Read},
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
};

use end_to_end::{
    SMALL_NETWORK, assert_wrong_usage, infer, printed, printed_in_hint, run, shell, stdout, text,
    trainer, write_folder,
};
use tempfile::TempDir;

/// A run of a second.
fn small() -> Vec<&'static str> {
    [&SMALL_NETWORK[..], &["--epochs", "2"]].concat()
}

/// Names that a shell would take apart.
const PHOTOS: &str = "Anna's photos";
const RUN: &str = "runs/Anna's photos";

/// A folder of photos, and a run on it with what the run printed.
struct Project {
    root: TempDir,
    output: Output,
}

impl Project {
    fn new() -> Self {
        Self::with(&[])
    }

    fn with(args: &[&str]) -> Self {
        let root = tempfile::tempdir().unwrap();
        write_folder(&root.path().join(PHOTOS), 10);
        let args = [&["fit", "--dataset", PHOTOS], &small()[..], args].concat();
        let output = run(&mut trainer(root.path(), &args));
        stdout(&output);
        Self { root, output }
    }

    fn path(&self) -> &Path {
        self.root.path()
    }

    fn run_folder(&self) -> PathBuf {
        self.path().join(RUN)
    }
}

#[test]
fn the_next_step_of_a_run_evaluates_its_model_on_its_data() {
    let project = Project::new();
    let next = printed(&project.output, "next: ");
    assert!(next.contains(" eval --model "), "{next}");
    let evaluated = shell(project.path(), &next);
    assert!(stdout(&evaluated).contains("Anna's photos"));
    // Where the images are taken from is said.
    let note = printed(&evaluated, "note: data set ");
    let photos = project.path().join(PHOTOS);
    assert!(
        note.contains(text(&photos)) && note.contains("run.json"),
        "{note}"
    );
}

#[test]
fn an_absolute_path_makes_a_next_step_for_every_folder() {
    let root = tempfile::tempdir().unwrap();
    let out = root.path().join("out of the way");
    let project = Project::with(&["--out", text(&out)]);
    let next = printed(&project.output, "next: ");
    let elsewhere = tempfile::tempdir().unwrap();
    stdout(&shell(elsewhere.path(), &next));
}

#[test]
fn a_program_on_the_path_is_called_by_its_name() {
    let root = tempfile::tempdir().unwrap();
    let binaries = PathBuf::from(trainer(root.path(), &[]).get_program());
    let path = format!("{}:/usr/bin:/bin", text(binaries.parent().unwrap()));
    let args = [
        &["fit"],
        &small()[..],
        &["--train-limit", "40", "--val-limit", "20"],
    ]
    .concat();
    let output = run(trainer(root.path(), &args).env("PATH", &path));
    stdout(&output);
    let next = printed(&output, "next: ");
    assert_eq!(next, "infer eval --model runs/digits/model.onnx");
    let found = format!("PATH='{path}'; {next}");
    stdout(&shell(root.path(), &found));
    // Started from its folder, the one beside it is meant, by a path like that.
    let beside = shell(
        binaries.parent().unwrap(),
        "./infer eval --model nowhere --help",
    );
    assert!(stdout(&beside).contains("Exit codes"));
    let help = shell(
        binaries.parent().unwrap(),
        "PATH=/usr/bin:/bin; ./infer --help",
    );
    assert!(stdout(&help).contains("\n  ./infer eval --model "));
}

#[test]
fn a_run_that_is_still_improving_says_how_to_have_more_epochs() {
    let root = tempfile::tempdir().unwrap();
    let limits = ["--dataset", "digits", "--train-limit", "400"];
    let rate = ["--learning-rate", "2e-3", "--monitor", "val_loss"];
    let out = ["--out", "it's a run", "--quiet"];
    let args = [&["fit"], &small()[..], &limits, &rate, &out].concat();
    let output = run(&mut trainer(root.path(), &args));
    stdout(&output);
    let command = printed(&output, "         for more: ");
    assert!(command.ends_with(" --epochs 4"), "{command}");
    stdout(&shell(root.path(), &command));
    let history = fs::read_to_string(root.path().join("it's a run/history.csv")).unwrap();
    assert_eq!(history.lines().count(), 5, "{history}");
}

#[test]
fn an_interrupted_run_says_how_to_go_on() {
    let root = tempfile::tempdir().unwrap();
    write_folder(&root.path().join(PHOTOS), 10);
    let mut args = [
        &["fit", "--dataset", PHOTOS, "--device", "cpu"],
        &small()[..],
    ]
    .concat();
    *args.last_mut().unwrap() = "14";
    let mut child = trainer(root.path(), &args)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stderr = BufReader::new(child.stderr.take().unwrap());
    let mut seen = String::new();
    while !seen.lines().any(|line| line.starts_with("epoch 1/")) {
        assert!(stderr.read_line(&mut seen).unwrap() > 0, "{seen}");
    }
    let pid = child.id().to_string();
    Command::new("kill").args(["-INT", &pid]).status().unwrap();
    stderr.read_to_string(&mut seen).unwrap();
    let mut output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(130), "{seen}");
    output.stderr = seen.into_bytes();
    // Both lines are there, and both work.
    stdout(&shell(root.path(), &printed(&output, "next: ")));
    let go_on = printed(&output, "to go on: ");
    assert!(go_on.ends_with(" --device cpu"), "{go_on}");
    let resumed = shell(root.path(), &go_on);
    stdout(&resumed);
    let history = fs::read_to_string(root.path().join(RUN).join("history.csv")).unwrap();
    // A header, the last layer alone, 14 epochs.
    assert_eq!(history.lines().count(), 16, "{history}");
}

#[test]
fn what_resume_cannot_change_comes_with_the_command_that_does_it() {
    let project = Project::new();
    let args = [
        "fit",
        "--resume",
        RUN,
        "--learning-rate",
        "1e-4",
        "--mix",
        "{ mixup_alpha = 0.2 }",
        "--out",
        "Anna's new run",
    ];
    let output = run(&mut trainer(project.path(), &args));
    assert_wrong_usage(
        &output,
        &["error: --learning-rate, --mix, --out cannot be changed by --resume\n"],
    );
    let command = printed_in_hint(&output);
    let started = shell(project.path(), &command);
    let new = project.path().join("Anna's new run");
    assert_eq!(stdout(&started).trim(), "Anna's new run/model.onnx");
    let recipe = fs::read_to_string(new.join("recipe.toml")).unwrap();
    for line in [
        "learning_rate = 0.0001",
        "mixup_alpha = 0.2",
        // From the run's recipe and the run's best checkpoint.
        "image_size = 32",
        "best.safetensors",
    ] {
        assert!(recipe.contains(line), "{line}\n{recipe}");
    }
}

#[test]
fn hints_for_a_run_that_cannot_go_on_save_what_it_learnt() {
    let project = Project::new();
    let run_folder = project.run_folder();
    let recipe = run_folder.join("recipe.toml");
    let kept = fs::read_to_string(&recipe).unwrap();
    fs::write(&recipe, kept.replace("seed = 0", "seed = 1")).unwrap();
    let output = run(&mut trainer(project.path(), &["fit", "--resume", RUN]));
    assert_eq!(output.status.code(), Some(1));
    stdout(&shell(project.path(), &printed_in_hint(&output)));
    assert!(project.path().join("model.onnx").is_file());
    fs::write(&recipe, kept).unwrap();

    let fewer = ["fit", "--resume", RUN, "--epochs", "1"];
    let output = run(&mut trainer(project.path(), &fewer));
    let error = printed(&output, "error: ");
    assert!(
        error.contains("has done 2 epochs, more than the 1 asked for"),
        "{error}"
    );
    stdout(&shell(project.path(), &printed_in_hint(&output)));
}

#[test]
fn a_run_without_a_model_says_how_to_export_it() {
    let project = Project::new();
    let model = project.run_folder().join("model.onnx");
    let exported = fs::read(&model).unwrap();
    fs::remove_file(&model).unwrap();
    let output = run(&mut infer(project.path(), &["eval", "--model", RUN]));
    assert_eq!(output.status.code(), Some(1));
    stdout(&shell(project.path(), &printed_in_hint(&output)));
    assert!(fs::read(&model).unwrap() == exported);
}
