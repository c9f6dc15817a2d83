//! Unknown flags and recipes that say what cannot be.

use std::fs;
use std::path::Path;

use end_to_end::{assert_failure, assert_wrong_usage, infer, run, trainer};

use crate::fit;

#[test]
fn unknown_values_of_trainer_are_refused_with_the_known_ones() {
    for (args, parts) in [
        (["--device", "gpu"], ["--device", "gpu", "cpu"]),
        (["--optimizer", "foo"], ["--optimizer", "foo", "adamw"]),
        (["--schedule", "x"], ["--schedule", "'x'", "cosine"]),
        (
            ["--weights-family", "jax"],
            ["--weights-family", "jax", "tensorflow"],
        ),
        (["--epochs", "many"], ["--epochs", "many", "invalid digit"]),
        (
            ["--learning-rat", "1"],
            ["--learning-rat", "unexpected", "--learning-rate"],
        ),
    ] {
        let command = [&["fit"], &args[..]].concat();
        assert_wrong_usage(&run(&mut trainer(Path::new("."), &command)), &parts);
    }
}

#[test]
fn unknown_values_of_infer_are_refused_with_the_known_ones() {
    for (args, parts) in [
        (["--device", "gpu"], ["--device", "gpu", "cuda"]),
        (["--split", "foo"], ["--split", "foo", "val"]),
        (["--batch-size", "0"], ["--batch-size", "0", "1.."]),
    ] {
        let command = [&["eval", "--model", "m.onnx"], &args[..]].concat();
        assert_wrong_usage(&run(&mut infer(Path::new("."), &command)), &parts);
    }
}

#[test]
fn recipe_values_out_of_range_are_named_with_the_range_and_the_flag() {
    let cwd = tempfile::tempdir().unwrap();
    for (flag, value, parts) in [
        ("--dropout", "1.5", ["dropout", "1.5", "0 to below 1"]),
        (
            "--val-fraction",
            "0",
            ["val_fraction", "0", "between 0 and 1"],
        ),
        ("--image-size", "8", ["image_size", "8", "32 to 2048"]),
        (
            "--learning-rate",
            "NaN",
            ["learning_rate", "NaN", "more than 0"],
        ),
        (
            "--architecture",
            "resnet50",
            ["architecture", "resnet50", "efficientnet_b0"],
        ),
    ] {
        let output = run(&mut trainer(
            cwd.path(),
            &["fit", "--weights", "none", flag, value],
        ));
        assert_failure(&output, 1, &parts, &[flag]);
    }
    let output = run(&mut trainer(
        cwd.path(),
        &["fit", "--weights", "none", "--epochs", "0"],
    ));
    assert_failure(&output, 1, &["epochs", "1 or more"], &["--epochs"]);
    assert_eq!(
        fs::read_dir(cwd.path()).unwrap().count(),
        0,
        "nothing is left behind"
    );
}

#[test]
fn a_recipe_file_with_an_unknown_key_is_named_with_its_line() {
    let cwd = tempfile::tempdir().unwrap();
    fs::write(
        cwd.path().join("my.toml"),
        "epochs = 2\nlerning_rate = 0.1\n",
    )
    .unwrap();
    let output = fit(cwd.path(), &["--recipe", "my.toml"]);
    assert_failure(
        &output,
        1,
        &["my.toml", "line 2", "lerning_rate"],
        &["trainer recipes"],
    );

    fs::write(cwd.path().join("broken.toml"), "epochs = \n").unwrap();
    let output = fit(cwd.path(), &["--recipe", "broken.toml"]);
    assert_failure(&output, 1, &["broken.toml", "line 1"], &["trainer recipes"]);

    let output = fit(cwd.path(), &["--recipe", "imagenet"]);
    assert_failure(&output, 1, &["imagenet"], &["trainer recipes"]);
}
