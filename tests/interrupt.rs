//! Ctrl-C during training keeps what was learnt.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]
#![cfg(unix)]

use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::process::{Command, Stdio};

use end_to_end::{infer, json, run, text, trainer};

#[test]
fn an_interrupt_ends_the_run_with_a_whole_run_folder_and_exit_code_130() {
    let cwd = tempfile::tempdir().unwrap();
    let args = [
        "fit",
        "--recipe",
        "digits",
        "--weights",
        "none",
        "--image-size",
        "32",
        "--train-limit",
        "40",
        "--val-limit",
        "20",
        "--epochs",
        "1000",
        "--batch-size",
        "8",
        "--out",
        "run",
    ];
    let mut command = trainer(cwd.path(), &args);
    let mut child = command
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stderr = BufReader::new(child.stderr.take().unwrap());
    let mut seen = String::new();
    while !seen.lines().any(|line| line.starts_with("epoch 1/1000")) {
        let read = stderr.read_line(&mut seen).unwrap();
        assert!(read > 0, "it ended before it was interrupted:\n{seen}");
    }
    let kill = Command::new("kill")
        .args(["-INT", &child.id().to_string()])
        .status()
        .unwrap();
    assert!(kill.success());
    stderr.read_to_string(&mut seen).unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(130), "{seen}");
    assert_eq!(output.stdout, b"run/model.onnx\n", "{seen}");
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
