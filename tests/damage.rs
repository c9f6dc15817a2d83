//! A damaged file is refused in one line, or computed anew; it is never trained on or reported.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs;
use std::path::Path;

use end_to_end::{
    TINY_RUN, assert_failure, assert_same_outcome, infer, run, stdout, text, trainer, write_folder,
};

/// Zeroes a piece in the middle of a file, as a disk does that loses a block.
fn lose_a_block(path: &Path) {
    let mut bytes = fs::read(path).unwrap();
    let (middle, length) = (bytes.len() / 2, bytes.len().min(1 << 20) / 4);
    bytes[middle..middle + length].fill(0);
    fs::write(path, bytes).unwrap();
}

#[test]
fn a_damaged_state_or_checkpoint_is_refused_and_damaged_features_are_computed_anew() {
    let cwd = tempfile::tempdir().unwrap();
    let whole = [&TINY_RUN[..], &["--out", "whole"]].concat();
    stdout(&run(&mut trainer(cwd.path(), &whole)));

    // The features of the last layer: the run is the same as with them whole.
    let features = cwd.path().join("data/features");
    for entry in fs::read_dir(&features).unwrap() {
        lose_a_block(&entry.unwrap().path());
    }
    let again = [&TINY_RUN[..], &["--out", "again"]].concat();
    let output = run(&mut trainer(cwd.path(), &again));
    let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{stderr}");
    assert_eq!(
        stderr.matches("is damaged; it is computed anew").count(),
        1,
        "{stderr}"
    );
    assert_same_outcome(&cwd.path().join("again"), &cwd.path().join("whole"));
    let quiet = run(&mut trainer(
        cwd.path(),
        &[&TINY_RUN[..], &["--out", "third"]].concat(),
    ));
    assert!(!String::from_utf8_lossy(&quiet.stderr).contains("damaged"));

    let folder = cwd.path().join("whole");
    let state = folder.join("checkpoints/state.safetensors");
    let before = fs::read(&state).unwrap();
    lose_a_block(&state);
    let damaged = fs::read(&state).unwrap();
    let resume = ["fit", "--resume", "whole", "--epochs", "2"];
    let output = run(&mut trainer(cwd.path(), &resume));
    let hint = ["trainer export whole --out model.onnx", "--weights whole"];
    assert_failure(&output, 1, &["state.safetensors", "damaged"], &hint);
    assert_eq!(fs::read(&state).unwrap(), damaged);
    fs::write(&state, before).unwrap();

    let best = folder.join("checkpoints/best.safetensors");
    lose_a_block(&best);
    for args in [
        &["export", "whole", "--out", "x.onnx"][..],
        &[
            &TINY_RUN[..3],
            &["--weights", "whole", "--epochs", "1", "--out", "fourth"],
        ]
        .concat(),
    ] {
        let output = run(&mut trainer(cwd.path(), args));
        let hint = ["another checkpoint of the run"];
        assert_failure(&output, 1, &["best.safetensors", "damaged"], &hint);
    }
    assert!(!cwd.path().join("x.onnx").exists() && !cwd.path().join("fourth").exists());
}

#[test]
fn a_damaged_shard_is_not_merged() {
    let model = end_to_end::trained_digits().join("model.onnx");
    let cwd = tempfile::tempdir().unwrap();
    let args = [
        "eval",
        "--model",
        text(&model),
        "--limit",
        "40",
        "--shard",
        "1/1",
    ];
    let args = [&args[..], &["--shard-out", "1.shard"]].concat();
    stdout(&run(&mut infer(cwd.path(), &args)));
    let merge = ["merge", "1.shard", "--model", text(&model), "--json"];
    stdout(&run(&mut infer(cwd.path(), &merge)));
    // A label is another one: the line is as good as any.
    let shard = cwd.path().join("1.shard");
    let text = fs::read_to_string(&shard).unwrap();
    let line = text.lines().nth(3).unwrap();
    let digit = |digit| format!("\"label\":{digit},");
    let label = (0..10).find(|label| line.contains(&digit(*label))).unwrap();
    let changed = line.replace(&digit(label), &digit((label + 1) % 10));
    fs::write(&shard, text.replace(line, &changed)).unwrap();
    let output = run(&mut infer(cwd.path(), &merge));
    assert_failure(
        &output,
        1,
        &["1.shard", "damaged"],
        &["evaluate this shard again"],
    );
}

/// A picture that is another one than when the data set was hashed would make a liar of the
/// exported model, which says by that hash what it learnt from.
#[test]
fn a_picture_that_is_replaced_in_training_ends_the_run_and_with_the_old_one_it_goes_on() {
    let cwd = tempfile::tempdir().unwrap();
    write_folder(&cwd.path().join("photos"), 10);
    let args = [
        "fit",
        "--dataset",
        "photos",
        "--weights",
        "none",
        "--image-size",
        "32",
    ];
    let more = ["--epochs", "1000", "--batch-size", "8", "--out", "run"];
    let mut command = trainer(cwd.path(), &[&args[..], &more].concat());
    let mut child = command
        .stdout(std::process::Stdio::null())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    // A run that has learnt nothing yet is removed.
    let learnt = cwd.path().join("run/checkpoints/last.safetensors");
    while !learnt.is_file() {
        assert!(child.try_wait().unwrap().is_none());
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    // All of a class: which of them are trained on is the split's business.
    let class = cwd.path().join("photos/red");
    let before: Vec<_> = fs::read_dir(&class)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .map(|path| (path.clone(), fs::read(path).unwrap()))
        .collect();
    let temporary = cwd.path().join("other.png");
    for (path, _) in &before {
        fs::copy(cwd.path().join("photos/blue/1.png"), &temporary).unwrap();
        fs::rename(&temporary, path).unwrap();
    }
    let output = child.wait_with_output().unwrap();
    let hint = ["put the old file back"];
    assert_failure(&output, 1, &["photos/red/", "changed"], &hint);
    for (path, bytes) in before {
        fs::write(path, bytes).unwrap();
    }
    let resume = ["fit", "--resume", "run", "--epochs", "1"];
    let output = run(&mut trainer(cwd.path(), &resume));
    let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
    // Epochs may be over by now; what matters is that the data is the run's again.
    assert!(
        output.status.success() || stderr.contains("more than the 1 asked for"),
        "{stderr}"
    );
}
