//! Loading ONNX Runtime. In a process of its own, since a process loads it
//! once; in one test, since the order matters.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "it/tiny.rs"]
mod tiny;

use std::fs;
use std::path::PathBuf;

use infer::{Classifier, Device, InferError};

#[test]
fn failures_are_named_and_leave_the_process_able_to_load_another_library() {
    let folder = tempfile::tempdir().unwrap();
    let model = tiny::model().to_bytes();
    let open = |library: Option<PathBuf>| {
        Classifier::builder()
            .device(Device::Cpu)
            .sessions(1)
            .runtime(library)
            .from_bytes(model.clone())
    };

    let missing = folder.path().join("missing.so");
    for path in [missing, folder.path().to_path_buf()] {
        let error = open(Some(path.clone())).unwrap_err();
        assert!(
            matches!(error, InferError::RuntimeMissing { .. }),
            "{error}"
        );
        assert!(
            error.to_string().contains(path.to_str().unwrap()),
            "{error}"
        );
        assert!(error.hint().unwrap().contains("tools/onnxruntime.sh"));
    }

    let text = folder.path().join("text.so");
    fs::write(
        &text,
        "This is no shared library, but it is long enough to hold an ELF header.",
    )
    .unwrap();
    let error = open(Some(text.clone())).unwrap_err();
    assert!(matches!(error, InferError::RuntimeLoad { .. }), "{error}");
    let line = error.to_string();
    // The dynamic loader's own words, which `ort` hides in the error's source.
    assert!(line.contains("text.so") && line.contains("ELF"), "{line}");

    let classifier = open(None)
        .unwrap_or_else(|error| panic!("{error}\nhint: {}", error.hint().unwrap_or_default()));
    let loaded = classifier.runtime().path.clone();
    assert!(
        open(Some(loaded)).is_ok(),
        "the same library may be named again"
    );
    let error = open(Some(text)).unwrap_err();
    assert!(
        matches!(error, InferError::RuntimeAlreadyLoaded { .. }),
        "{error}"
    );
}
