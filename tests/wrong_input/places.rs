//! Folders that cannot be written to and an ONNX Runtime that is not there.

use std::fs;
use std::process::Output;

use end_to_end::{assert_failure, infer, run, text, trained_digits, trainer};
use tempfile::TempDir;

use crate::fit;

/// A folder with a regular file `file` in it. Tests may run as root, whom
/// permissions do not bind, but nobody can make a folder below a file.
fn with_file() -> TempDir {
    let cwd = tempfile::tempdir().unwrap();
    fs::write(cwd.path().join("file"), b"").unwrap();
    cwd
}

#[test]
fn a_run_folder_that_cannot_be_made() {
    let cwd = with_file();
    for out in ["file", "file/run"] {
        assert_failure(
            &fit(cwd.path(), &["--out", out]),
            1,
            &[out, "cannot create"],
            &["--out"],
        );
    }
    assert_eq!(fs::read(cwd.path().join("file")).unwrap(), b"");
}

#[cfg(target_os = "linux")]
#[test]
fn a_run_folder_where_the_system_allows_none() {
    let cwd = with_file();
    let output = fit(cwd.path(), &["--out", "/proc/nope"]);
    assert_failure(&output, 1, &["/proc/nope", "cannot create"], &["--out"]);
}

#[test]
fn an_evaluation_or_export_that_cannot_be_written() {
    let cwd = with_file();
    let run_folder = trained_digits();
    let model = run_folder.join("model.onnx");
    let args = ["eval", "--model", text(&model), "--out", "file/report"];
    let output = run(&mut infer(cwd.path(), &args));
    assert_failure(&output, 1, &["file/report", "cannot write"], &["write to"]);

    let checkpoint = run_folder.join("checkpoints/best.safetensors");
    let args = ["export", text(&checkpoint), "--out", "file/x.onnx"];
    let output = run(&mut trainer(cwd.path(), &args));
    assert_failure(&output, 1, &["file/x.onnx", "cannot write"], &["--out"]);
}

#[test]
fn an_onnx_runtime_that_is_not_there() {
    no_runtime("no/such/folder", &["no/such/folder", "does not exist"]);
}

#[test]
fn an_onnx_runtime_that_is_no_library() {
    no_runtime("file", &["file", "cannot load ONNX Runtime"]);
}

/// Both programs, with the option and the environment variable.
fn no_runtime(library: &str, parts: &[&str]) {
    let cwd = with_file();
    let model = trained_digits().join("model.onnx");
    let eval = ["eval", "--model", text(&model)];
    let training = ["fit", "--weights", "none"];
    let check = |output: Output| assert_failure(&output, 1, parts, &["tools/onnxruntime.sh"]);

    let option = ["--runtime", library];
    check(run(&mut infer(cwd.path(), &[&eval[..], &option].concat())));
    check(run(&mut trainer(
        cwd.path(),
        &[&training[..], &option].concat(),
    )));
    check(run(infer(cwd.path(), &eval).env("ORT_DYLIB_PATH", library)));
    check(run(
        trainer(cwd.path(), &training).env("ORT_DYLIB_PATH", library)
    ));
    assert!(
        !cwd.path().join("runs").exists(),
        "it fails before it trains"
    );
}
