//! Nothing is lost because nobody reads what a program prints, or because that cannot be written:
//! stdout and stderr closed, full, or a pipe whose reader has gone.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]
#![cfg(target_os = "linux")]

use std::fs::File;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use end_to_end::{SMALL_RUN, in_shell, run, text, trained_digits, trainer};

/// Where a stream goes to.
#[derive(Debug, Clone, Copy)]
enum Stream {
    /// A pipe that is read.
    Read,
    /// A pipe whose reader has gone: `| true`.
    Gone,
    /// A disk without space.
    Full,
    /// Closed: `>&-`.
    Closed,
}

const UNREAD: [Stream; 3] = [Stream::Gone, Stream::Full, Stream::Closed];

/// Runs the command with its stdout and stderr there.
fn printing(command: &Command, stdout: Stream, stderr: Stream) -> Output {
    let closed = |stream, close| match stream {
        Stream::Closed => close,
        _ => "",
    };
    let line = format!(
        "exec \"$@\" {} {}",
        closed(stdout, ">&-"),
        closed(stderr, "2>&-")
    );
    let mut shell = in_shell(&line, command);
    run(shell.stdout(stdio(stdout)).stderr(stdio(stderr)))
}

fn stdio(stream: Stream) -> Stdio {
    match stream {
        Stream::Read | Stream::Closed => Stdio::piped(),
        // The reading end is dropped here.
        Stream::Gone => std::io::pipe().unwrap().1.into(),
        Stream::Full => File::options()
            .write(true)
            .open("/dev/full")
            .unwrap()
            .into(),
    }
}

/// Checks how the command ends for every place that stdout and stderr may go to: as it does
/// otherwise, but with exit code 1 if there was no space for its results.
fn assert_ends_well(command: &Command) {
    let shown = format!("{command:?}");
    for stdout in UNREAD {
        let output = printing(command, stdout, Stream::Read);
        let stderr = String::from_utf8_lossy(&output.stderr);
        let shown = format!(
            "{shown} with stdout {stdout:?}: {}\n{stderr}",
            output.status
        );
        assert!(!stderr.contains("panicked"), "{shown}");
        match stdout {
            Stream::Full => {
                assert_eq!(output.status.code(), Some(1), "{shown}");
                let last: Vec<&str> = stderr.lines().rev().take(2).collect();
                assert!(
                    last[1].starts_with("error: cannot write to stdout: "),
                    "{shown}"
                );
                assert!(last[0].starts_with("hint: "), "{shown}");
            }
            _ => assert_eq!(output.status.code(), Some(0), "{shown}"),
        }
    }
    for stderr in UNREAD {
        let output = printing(command, Stream::Read, stderr);
        let code = output.status.code();
        assert_eq!(code, Some(0), "{shown} with stderr {stderr:?}");
        assert!(!output.stdout.is_empty(), "{shown} with stderr {stderr:?}");
    }
}

#[test]
fn every_command_of_trainer_ends_well_whoever_reads() {
    let runs = trained_digits();
    let cwd = tempfile::tempdir().unwrap();
    let best = runs.join("checkpoints/best.safetensors");
    let digits = [
        "--dataset",
        "digits",
        "--image-size",
        "32",
        "--weights",
        "none",
    ];
    let commands: [&[&str]; 10] = [
        &["--help"],
        &["--version"],
        &["fit", "--help"],
        &["doctor"],
        &["doctor", "--json"],
        &["recipes"],
        &["completions", "bash"],
        &["runs", text(runs.parent().unwrap())],
        &["export", text(&best), "--out", "again.onnx"],
        &[&["preview", "--out", "preview.png"][..], &digits[..4]].concat(),
    ];
    for args in commands {
        assert_ends_well(&trainer(cwd.path(), args));
    }
    let dry_run = [&["fit", "--dry-run", "--batch-size", "2"], &digits[..]].concat();
    assert_ends_well(&trainer(cwd.path(), &dry_run));
}

/// The files of a run that is over.
fn assert_whole(run: &Path) {
    for file in [
        "model.onnx",
        "test.json",
        "report.html",
        "checkpoints/best.safetensors",
    ] {
        assert!(run.join(file).is_file(), "{}: {file}", run.display());
    }
}

#[test]
fn a_run_is_whole_whoever_reads() {
    let cwd = tempfile::tempdir().unwrap();
    let fit = |out: &str| {
        let short = ["--epochs", "1", "--train-limit", "40", "--out", out];
        let args: Vec<&str> = SMALL_RUN
            .into_iter()
            .enumerate()
            // The values of --train-limit and --epochs are given below.
            .filter(|(place, _)| !(7..11).contains(place))
            .map(|(_, word)| word)
            .chain(short)
            .collect();
        trainer(cwd.path(), &args)
    };
    for (stdout, stderr, expected) in [
        (Stream::Gone, Stream::Gone, 0),
        (Stream::Closed, Stream::Closed, 0),
        (Stream::Read, Stream::Full, 0),
        (Stream::Full, Stream::Full, 1),
    ] {
        let name = format!("{stdout:?}-{stderr:?}");
        let output = printing(&fit(&name), stdout, stderr);
        assert_eq!(output.status.code(), Some(expected), "{name}");
        assert_whole(&cwd.path().join(name));
    }
}

#[test]
fn wrong_usage_and_failures_keep_their_exit_codes() {
    let cwd = tempfile::tempdir().unwrap();
    for (args, expected) in [
        (&["fit", "--no-such-flag"][..], 2),
        (&["fit", "--resume", "x", "--recipe", "digits"], 2),
        (&["export", "nowhere", "--out", "x.onnx"], 1),
    ] {
        for stderr in UNREAD {
            let output = printing(&trainer(cwd.path(), args), Stream::Read, stderr);
            assert_eq!(output.status.code(), Some(expected), "{args:?}, {stderr:?}");
        }
    }
}
