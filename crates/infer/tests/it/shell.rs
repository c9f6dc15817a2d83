//! Shell habits: completions, manual pages, colours, readers that go away.

use std::fs::{self, File};
use std::io::{BufRead as _, BufReader};
use std::process::{Command, Stdio};

use assert_cmd::cargo::CommandCargoExt as _;

use crate::cli::{infer, model, stdout, text};

#[test]
fn completions_name_every_command() {
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let script = stdout(&infer(&["completions", shell]));
        for command in ["eval", "inspect", "predict", "--files-from"] {
            let word = command.trim_start_matches('-');
            assert!(script.contains(word), "{shell}: no {command}");
        }
    }
}

#[test]
fn bash_accepts_its_completions() {
    let folder = tempfile::tempdir().unwrap();
    let script = folder.path().join("infer.bash");
    fs::write(&script, stdout(&infer(&["completions", "bash"]))).unwrap();
    let Ok(output) = Command::new("bash").arg("-n").arg(&script).output() else {
        eprintln!("skipped: no bash");
        return;
    };
    assert!(output.status.success(), "{output:?}");
}

#[test]
fn a_manual_page_is_written_for_each_command() {
    let folder = tempfile::tempdir().unwrap();
    let pages = folder.path().join("man/man1");
    stdout(&infer(&["man", text(&pages)]));
    for page in ["infer", "infer-eval", "infer-predict", "infer-man"] {
        let page = fs::read_to_string(pages.join(format!("{page}.1"))).unwrap();
        assert!(page.contains(".SH NAME") && page.contains("Exit codes"));
    }
    // `infer help` prints pages, it has none.
    assert!(!pages.join("infer-help.1").exists());
}

#[test]
fn colours_are_asked_for_with_color_and_kept_away_by_no_color() {
    let stderr = |args: &[&str], no_color: &str| {
        let mut command = Command::cargo_bin("infer").unwrap();
        command.args(["inspect", "no/such.onnx"]).args(args);
        let output = command.env("NO_COLOR", no_color).output().unwrap();
        String::from_utf8(output.stderr).unwrap()
    };
    assert!(stderr(&[], "").starts_with("error: "));
    assert!(stderr(&["--color", "always"], "").starts_with("\u{1b}["));
    assert!(stderr(&["--color", "always"], "").contains("no/such.onnx"));
    assert!(stderr(&["--color", "never"], "").starts_with("error: "));
    assert!(stderr(&[], "1").starts_with("error: "));
}

#[test]
fn verbose_shows_the_log_on_stderr_and_quiet_nothing() {
    let (_folder, model) = model();
    let awkward = format!(
        "{}/tests/fixtures/awkward/animated.gif",
        env!("CARGO_MANIFEST_DIR")
    );
    let run = |flag: &str| {
        let output = infer(&[
            "predict",
            flag,
            "--device",
            "cpu",
            "--model",
            text(&model),
            &awkward,
        ]);
        stdout(&output);
        String::from_utf8(output.stderr).unwrap()
    };
    let log = run("-v");
    assert!(log.contains("loaded ONNX Runtime") && log.contains("opened"));
    assert!(run("-q").is_empty());
}

#[test]
fn a_reader_that_goes_away_ends_predict_quietly() {
    let folder = tempfile::tempdir().unwrap();
    let picture = folder.path().join("a.png");
    image::RgbImage::new(8, 8).save(&picture).unwrap();
    // More answers than a pipe holds, so that writing on must fail.
    let list = folder.path().join("list.txt");
    fs::write(&list, format!("{}\n", picture.display()).repeat(5000)).unwrap();
    let (_folder, model) = model();
    for format in [&[][..], &["--json"], &["--csv"]] {
        let mut child = Command::cargo_bin("infer")
            .unwrap()
            .args(["predict", "--device", "cpu", "--model", text(&model)])
            .args(["--files-from", text(&list)])
            .args(format)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut first = String::new();
        BufReader::new(child.stdout.take().unwrap())
            .read_line(&mut first)
            .unwrap();
        let output = child.wait_with_output().unwrap();
        assert!(!first.is_empty());
        assert!(
            output.status.success() && output.stderr.is_empty(),
            "{output:?}"
        );
    }
}

/// Arguments of commands that print something.
fn printing(model: &str, picture: &str) -> Vec<Vec<String>> {
    let predict = format!("predict --device cpu --model {model} {picture}");
    [
        "--help",
        "serve --help",
        "--version",
        "completions bash",
        "doctor",
        "doctor --json",
        &format!("inspect {model}"),
        &format!("inspect --json {model}"),
        &predict,
        &format!("{predict} --json"),
        &format!("{predict} --csv"),
        &format!("eval --device cpu --model {model}"),
        &format!("eval --device cpu --model {model} --json"),
    ]
    .iter()
    .map(|words| words.split(' ').map(str::to_owned).collect())
    .collect()
}

#[cfg(target_os = "linux")]
#[test]
fn output_that_cannot_be_written_is_an_error_and_a_closed_pipe_is_none() {
    let full = || File::options().write(true).open("/dev/full").unwrap();
    let (folder, model) = model();
    let picture = folder.path().join("a.png");
    image::RgbImage::new(8, 8).save(&picture).unwrap();
    for arguments in printing(text(&model), text(&picture)) {
        let run = |stdout: Stdio, stderr: Stdio| {
            let mut command = Command::cargo_bin("infer").unwrap();
            let child = command
                .args(&arguments)
                .stdout(stdout)
                .stderr(stderr)
                .spawn();
            let mut child = child.unwrap();
            // Nobody reads, from before the first byte on.
            drop(child.stdout.take());
            child.wait_with_output().unwrap()
        };
        let output = run(full().into(), Stdio::piped());
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(1), "{arguments:?}: {stderr}");
        let errors = stderr.lines().filter(|line| line.starts_with("error: "));
        assert_eq!(errors.count(), 1, "{arguments:?}: {stderr}");
        assert!(stderr.contains("cannot write to stdout"), "{stderr}");

        let output = run(Stdio::piped(), Stdio::piped());
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert!(output.status.success(), "{arguments:?}: {stderr}");
        assert!(!stderr.contains("error"), "{arguments:?}: {stderr}");

        // What cannot be said is not said, and changes nothing.
        let output = run(full().into(), full().into());
        assert_eq!(output.status.code(), Some(1), "{arguments:?}");
    }
    let mut command = Command::cargo_bin("infer").unwrap();
    command.args(["inspect", "no/such.onnx"]).stderr(full());
    assert_eq!(command.output().unwrap().status.code(), Some(1));
}
