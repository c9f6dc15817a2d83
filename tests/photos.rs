//! A folder of photos and nothing but `--dataset`: the recipe is chosen, its choices are said,
//! and what is exported is no worse than the last layer alone.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use end_to_end::{assert_failure, run, trainer, write_folder};
use image::{Rgb, RgbImage};
use safetensors::SafeTensors;

/// What makes a run of the recipe `photos` one of seconds.
const SMALL: [&str; 12] = [
    "fit",
    "--quiet",
    "--weights",
    "none",
    "--image-size",
    "48",
    "--head-epochs",
    "3",
    "--epochs",
    "2",
    "--batch-size",
    "8",
];

/// Trains on `folder` in `cwd` with more arguments; gives what was said.
fn fit(cwd: &Path, args: &[&str]) -> String {
    let output = run(&mut trainer(cwd, &[&SMALL[..], args].concat()));
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success(), "{stderr}");
    stderr
}

fn line<'a>(said: &'a str, start: &str) -> &'a str {
    said.lines()
        .find(|line| line.starts_with(start))
        .unwrap_or_else(|| panic!("no line `{start}`\n{said}"))
}

/// Values of every tensor of a run's checkpoint, as they stand in the file.
fn tensors(run: &Path, checkpoint: &str) -> BTreeMap<String, Vec<u8>> {
    let path = run.join(format!("checkpoints/{checkpoint}.safetensors"));
    let bytes = fs::read(path).unwrap();
    let file = SafeTensors::deserialize(&bytes).unwrap();
    file.iter()
        .map(|(name, view)| (name.to_owned(), view.data().to_vec()))
        .collect()
}

#[test]
fn a_folder_gets_the_recipe_for_photos_and_the_run_says_which_network_won() {
    let cwd = tempfile::tempdir().unwrap();
    write_folder(&cwd.path().join("photos"), 20);
    let said = fit(cwd.path(), &["--dataset", "photos"]);
    let recipe = line(&said, "recipe ");
    assert!(
        recipe.contains("photos (the one for photos, for 38 training images of 3 classes)"),
        "{recipe}"
    );
    assert!(line(&said, "model ").contains("48 px (32 px in training)"));
    assert!(said.contains("last layer, epoch 3/3"), "{said}");
    let exported = line(&said, "exported ");
    assert!(exported.contains("the last layer alone"), "{exported}");
    let run = cwd.path().join("runs/photos");
    let kept = fs::read_to_string(run.join("recipe.toml")).unwrap();
    for value in [
        "train_image_scale = 0.8",
        "select = \"averaged\"",
        "head_epochs = 3",
    ] {
        assert!(kept.contains(value), "{value}\n{kept}");
    }
    let averaged = tensors(&run, "averaged");
    let (head, last) = (tensors(&run, "head"), tensors(&run, "last"));
    assert!(averaged != head && averaged != last);
    // What was exported is what a later command finds as the best.
    let best = tensors(&run, "best");
    assert!(
        ["head", "averaged"]
            .iter()
            .any(|name| tensors(&run, name) == best)
    );
}

#[test]
fn a_few_images_of_a_class_are_enough_and_one_is_refused_by_name() {
    let cwd = tempfile::tempdir().unwrap();
    let folder = cwd.path().join("photos");
    write_folder(&folder, 3);
    fit(cwd.path(), &["--dataset", "photos"]);

    for entry in fs::read_dir(folder.join("green")).unwrap().skip(1) {
        fs::remove_file(entry.unwrap().path()).unwrap();
    }
    let args = [&SMALL[..], &["--dataset", "photos"]].concat();
    let output = run(&mut trainer(cwd.path(), &args));
    assert_failure(&output, 1, &["green", "1"], &["images"]);
}

#[test]
fn a_class_without_a_validation_image_is_named_and_trained_on() {
    let cwd = tempfile::tempdir().unwrap();
    for split in ["train", "val", "test"] {
        write_folder(&cwd.path().join("photos").join(split), 4);
    }
    fs::remove_dir_all(cwd.path().join("photos/val/red")).unwrap();
    let said = fit(cwd.path(), &["--dataset", "photos"]);
    let note = line(&said, "photos/val: ");
    assert_eq!(
        note,
        "photos/val: no image of 'red': figures of the val split are without"
    );
    line(&said, "test     top-1 ");
}

#[test]
fn a_thousand_classes() {
    let cwd = tempfile::tempdir().unwrap();
    for class in 0..1000 {
        let folder = cwd.path().join(format!("photos/{class:04}"));
        fs::create_dir_all(&folder).unwrap();
        for number in 0..3 {
            let colour = Rgb([class % 10, class / 10 % 10, class / 100].map(|v| 25 * v as u8));
            let picture = RgbImage::from_pixel(8 + number, 8, colour);
            picture.save(folder.join(format!("{number}.png"))).unwrap();
        }
    }
    let args = ["--dataset", "photos", "--epochs", "1", "--batch-size", "64"];
    let mut all: Vec<&str> = SMALL[..8].to_vec();
    all.extend(args);
    let output = run(&mut trainer(cwd.path(), &all));
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success(), "{said}");
    assert!(said.contains("1000 classes"), "{said}");
}

#[test]
fn a_run_that_was_killed_while_the_last_layer_learnt_goes_on_with_the_same_bits() {
    let cwd = tempfile::tempdir().unwrap();
    write_folder(&cwd.path().join("photos"), 20);
    fit(cwd.path(), &["--dataset", "photos", "--out", "whole"]);
    // The state of its first moment, before features and last layer.
    let args = [
        "--dataset",
        "photos",
        "--out",
        "killed",
        "--state-interval",
        "0",
    ];
    let mut process = trainer(cwd.path(), &[&SMALL[..], &args].concat())
        .stderr(std::process::Stdio::null())
        .stdout(std::process::Stdio::null())
        .spawn()
        .unwrap();
    let state = cwd.path().join("killed/checkpoints/state.safetensors");
    while !state.exists() {
        std::thread::sleep(std::time::Duration::from_millis(2));
    }
    process.kill().unwrap();
    process.wait().unwrap();
    run(&mut trainer(
        cwd.path(),
        &["fit", "--quiet", "--resume", "killed"],
    ));
    let history = |run: &str| fs::read(cwd.path().join(run).join("history.csv")).unwrap();
    assert_eq!(history("whole"), history("killed"));
    let best = |run: &str| tensors(&cwd.path().join(run), "best");
    assert!(best("whole") == best("killed"));
}
