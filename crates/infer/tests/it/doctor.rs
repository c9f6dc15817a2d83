//! `infer doctor`: what the machine has.

use serde_json::Value;

use crate::cli::{infer, stdout};

#[test]
fn every_check_has_a_line_and_the_cpu_path_works() {
    let output = infer(&["doctor"]);
    let lines = stdout(&output);
    for check in [
        "processor",
        "memory",
        "ONNX Runtime search",
        "telemetry",
        "CPU provider",
        "inference on cpu",
        "NVIDIA driver",
        "cuDNN",
        "TensorRT",
    ] {
        let found = lines.lines().any(|line| line[9..].starts_with(check));
        assert!(found, "no line of {check} in\n{lines}");
    }
    for line in lines.lines() {
        let missing = line.starts_with("missing  ");
        assert!(missing || line.starts_with("ok       "), "{line}");
        assert!(!missing || line.contains("; "), "no remedy: {line}");
    }
}

#[test]
fn the_document_says_the_same() {
    let document: Value = serde_json::from_str(&stdout(&infer(&["doctor", "--json"]))).unwrap();
    let checks = document.as_array().unwrap();
    for check in checks {
        let missing = check["status"] == "missing";
        assert_eq!(check["remedy"].is_string(), missing, "{check}");
        assert!(!check["found"].as_str().unwrap().contains('\n'), "{check}");
    }
    let inference = checks.iter().find(|c| c["name"] == "inference on cpu");
    let found = inference.unwrap()["found"].as_str().unwrap();
    assert!(found.starts_with("CPUExecutionProvider, "), "{found}");
}

#[test]
fn without_onnx_runtime_it_says_where_it_looked_and_fails() {
    let output = infer(&["doctor", "--runtime", "no/such.so"]);
    assert_eq!(output.status.code(), Some(1));
    let lines = String::from_utf8(output.stdout).unwrap();
    assert!(lines.contains("explicit option (no/such.so)"), "{lines}");
    let failed = lines.lines().find(|line| line.starts_with("failed   "));
    let failed = failed.unwrap();
    assert!(
        failed.contains("no/such.so") && failed.contains("tools/onnxruntime.sh"),
        "{failed}"
    );
}

// A library is code: the folders around the data must not bring one along.
#[cfg(unix)]
#[test]
fn a_library_that_lies_around_the_data_or_the_program_is_not_loaded() {
    use std::fs;
    use std::os::unix::fs::symlink;
    use std::process::Command;

    use assert_cmd::cargo::cargo_bin;

    use crate::cli::text;

    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    let plant = |place: &str| {
        let place = root.join(place).join(".onnxruntime");
        fs::create_dir_all(&place).unwrap();
        fs::write(place.join("libonnxruntime.so"), "planted").unwrap();
    };
    for place in ["", "data", "data/photos", "app"] {
        plant(place);
    }
    let program = root.join("app/bin/infer");
    fs::create_dir_all(program.parent().unwrap()).unwrap();
    fs::copy(cargo_bin("infer"), &program).unwrap();
    // A program of this checkout, reached through a link, stays one of this checkout.
    let link = root.join("data/infer");
    symlink(cargo_bin("infer"), &link).unwrap();
    for (program, found) in [(&program, false), (&link, true)] {
        let output = Command::new(program)
            .arg("doctor")
            .current_dir(root.join("data/photos"))
            .env_remove("ORT_DYLIB_PATH")
            .env("HOME", root.join("home"))
            .output()
            .unwrap();
        let lines = String::from_utf8(output.stdout).unwrap();
        let loaded = lines
            .lines()
            .find(|line| line[9..].starts_with("ONNX Runtime  "));
        let planted = text(root);
        assert!(
            !loaded.unwrap().contains(&format!("{planted}/.onnx")),
            "{lines}"
        );
        assert!(
            !lines.contains("planted") && !lines.contains("data/"),
            "{lines}"
        );
        if found {
            assert!(output.status.success(), "{lines}");
        }
    }
}
