//! Ctrl-C during training keeps what was learnt, whenever it comes; a signal that whoever started
//! the run had ignored does nothing.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]
#![cfg(unix)]

use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::process::{Child, ChildStderr, Command, Stdio};
use std::thread;
use std::time::Duration;

use end_to_end::{ignoring, infer, json, run, signal, text, trainer};

/// An untrained network.
const RUN: [&str; 11] = [
    "fit",
    "--recipe",
    "digits",
    "--weights",
    "none",
    "--image-size",
    "32",
    "--batch-size",
    "8",
    "--out",
    "run",
];

/// Many short epochs.
fn many_epochs(cwd: &Path) -> Command {
    let epochs = [
        "--train-limit",
        "40",
        "--val-limit",
        "20",
        "--epochs",
        "1000",
    ];
    trainer(cwd, &[&RUN[..], &epochs].concat())
}

/// One epoch of 50 steps, so large that after a few the running statistics fit the weights no
/// more: logits are then beyond what burn and ONNX Runtime round alike.
fn one_epoch(cwd: &Path) -> Command {
    let args = [
        "--train-limit",
        "400",
        "--epochs",
        "1",
        "--learning-rate",
        "0.1",
        "--warmup-epochs",
        "0",
        "--state-interval",
        "0",
    ];
    trainer(cwd, &[&RUN[..], &args].concat())
}

/// A program that is read line by line.
struct Running {
    child: Child,
    stderr: BufReader<ChildStderr>,
    seen: String,
}

impl Running {
    fn start(command: &mut Command) -> Self {
        let mut child = command
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        Self {
            stderr: BufReader::new(child.stderr.take().unwrap()),
            child,
            seen: String::new(),
        }
    }

    /// Reads to the line that begins so.
    fn wait_for(&mut self, start: &str) {
        while !self.seen.lines().any(|line| line.starts_with(start)) {
            let read = self.stderr.read_line(&mut self.seen).unwrap();
            assert!(
                read > 0,
                "it ended before it was interrupted:\n{}",
                self.seen
            );
        }
    }

    /// Its exit code, stdout and stderr.
    fn end(mut self) -> (Option<i32>, String, String) {
        self.stderr.read_to_string(&mut self.seen).unwrap();
        let output = self.child.wait_with_output().unwrap();
        let stdout = String::from_utf8(output.stdout).unwrap();
        (output.status.code(), stdout, self.seen)
    }
}

#[test]
fn an_interrupt_ends_the_run_with_a_whole_run_folder_and_exit_code_130() {
    let cwd = tempfile::tempdir().unwrap();
    let mut running = Running::start(&mut many_epochs(cwd.path()));
    running.wait_for("epoch 1/1000");
    signal(&running.child, "INT");
    let (code, stdout, seen) = running.end();
    assert_eq!(code, Some(130), "{seen}");
    assert_eq!(stdout, "run/model.onnx\n", "{seen}");
    assert!(seen.contains("stopping"), "{seen}");
    assert!(!seen.contains("error:"), "{seen}");

    let run_folder = cwd.path().join("run");
    for file in ["recipe.toml", "loss.png", "checkpoints/best.safetensors"] {
        assert!(run_folder.join(file).is_file(), "{file}");
    }
    let history = fs::read_to_string(run_folder.join("history.csv")).unwrap();
    let epochs = history.lines().count() - 1;
    assert!((1..1000).contains(&epochs), "{history}");
    let model = run_folder.join("model.onnx");
    let args = ["eval", "--json", "--limit", "20", "--model", text(&model)];
    assert_eq!(json(&run(&mut infer(cwd.path(), &args)))["images"], 20);
}

#[test]
fn an_ignored_signal_stays_ignored_and_the_others_end_the_run() {
    let cwd = tempfile::tempdir().unwrap();
    let mut running = Running::start(&mut ignoring("HUP INT", &many_epochs(cwd.path())));
    running.wait_for("epoch 1/1000");
    signal(&running.child, "HUP");
    signal(&running.child, "INT");
    // Had one been heard, the epoch after the next would not have begun.
    let epochs = running.seen.matches("\nepoch ").count();
    running.wait_for(&format!("epoch {}/1000", epochs + 3));
    assert!(!running.seen.contains("stopping"), "{}", running.seen);
    signal(&running.child, "TERM");
    let (code, _, seen) = running.end();
    assert_eq!(code, Some(130), "{seen}");
    assert_eq!(seen.matches("stopping").count(), 1, "{seen}");
}

/// Waits until so many steps are done.
fn wait_for_steps(steps: usize, state: &Path) {
    // Each state is a new file: one is written before the first step, and one after each.
    let file = || fs::metadata(state).ok().map(|metadata| metadata.ino());
    let mut seen = None;
    for _ in 0..=steps {
        while file() == seen {
            thread::sleep(Duration::from_millis(1));
        }
        seen = file();
    }
}

#[test]
fn an_interrupt_in_the_first_epoch_of_an_untrained_network_is_no_defect() {
    for name in ["INT", "HUP", "TERM"] {
        let cwd = tempfile::tempdir().unwrap();
        let running = Running::start(&mut one_epoch(cwd.path()));
        let state = cwd.path().join("run/checkpoints/state.safetensors");
        wait_for_steps(3, &state);
        signal(&running.child, name);
        let (code, stdout, seen) = running.end();
        assert_eq!(code, Some(130), "{name}: {seen}");
        assert_eq!(stdout, "", "{name}: {seen}");
        assert!(!seen.contains("defect"), "{name}: {seen}");
        assert!(!seen.contains("error:"), "{name}: {seen}");
        assert!(
            seen.contains("not exported, it has learnt too little: "),
            "{name}: {seen}"
        );
        assert!(seen.contains("to go on: "), "{name}: {seen}");
        assert!(state.is_file(), "{name}: {seen}");
    }
}
