//! Against files that TensorBoard wrote itself.

use std::{
    fs,
    path::Path,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use tensorboard::{EventFile, TensorboardError};

const NEW: &[u8] = include_bytes!("fixtures/new.tfevents");
const RESUMED: &[u8] = include_bytes!("fixtures/resumed.tfevents");

/// The times of `tools/golden/tensorboard_events.py`.
fn new_time(step: u64) -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(1_700_000_000 + step)
}

fn resumed_time(step: u64) -> SystemTime {
    new_time(step) + Duration::from_millis(600_250)
}

fn write_new(folder: &Path) -> Result<EventFile, TensorboardError> {
    let mut events = EventFile::create(folder, 0, new_time(0))?;
    let recipe = "    epochs = 2\n    optimizer = \"adamw\"";
    events.text("recipe", 0, new_time(0), recipe)?;
    for (step, tag, value) in [
        (50, "loss/train", 4.5),
        (100, "loss/train", 3.25),
        (100, "loss/val", 0.0),
        (100, "learning_rate", 1e-3),
        (150, "loss/train", f32::NAN),
        (200, "loss/train", 2.0),
        (200, "loss/val", 2.0),
    ] {
        events.scalar(tag, step, new_time(step as u64), value)?;
    }
    Ok(events)
}

fn write_resumed(folder: &Path) -> Result<EventFile, TensorboardError> {
    let mut events = EventFile::create(folder, 101, resumed_time(0))?;
    for (step, tag, value) in [
        (150, "loss/train", 2.5),
        (200, "loss/train", 1.5),
        (200, "loss/val", 1.75),
        (1 << 40, "épreuve/ü", -1e-30),
    ] {
        events.scalar(tag, step, resumed_time(step as u64), value)?;
    }
    Ok(events)
}

#[test]
fn a_run_and_its_continuation_are_tensorboard_s_bytes() {
    let folder = tempfile::tempdir().expect("a folder");
    let new = write_new(folder.path()).expect("written");
    let resumed = write_resumed(folder.path()).expect("written");
    assert!(new.path() < resumed.path());
    // Both are still open: nothing waits in a buffer.
    assert!(fs::read(new.path()).expect("readable") == NEW);
    assert!(fs::read(resumed.path()).expect("readable") == RESUMED);
}

#[test]
fn files_of_the_same_second_stand_beside_each_other() {
    let folder = tempfile::tempdir().expect("a folder");
    let paths: Vec<_> = (0..3)
        .map(|step| {
            let events = EventFile::create(folder.path(), step, new_time(0)).expect("created");
            events.path().to_owned()
        })
        .collect();
    assert!(paths.is_sorted());
    assert_eq!(fs::read_dir(folder.path()).expect("readable").count(), 3);
}

#[test]
fn a_folder_that_is_missing_is_named() {
    let folder = tempfile::tempdir().expect("a folder");
    let missing = folder.path().join("missing");
    let error = EventFile::create(&missing, 0, new_time(0)).expect_err("no folder");
    assert!(matches!(error, TensorboardError::Create { .. }));
    let line = error.to_string();
    assert!(line.contains(&missing.display().to_string()), "{line}");
    assert_eq!(line.lines().count(), 1);
    assert!(error.hint().is_some());
}
