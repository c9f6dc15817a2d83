//! Data as people have it: nothing vanishes without a word, nothing is found out after the
//! epochs, and what a model is tried on need not look like what it was trained on.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs;
use std::path::Path;

use end_to_end::{assert_failure, infer, json, run, small_fit, stdout, trainer, write_folder};
use image::{Rgb, RgbImage};
use tempfile::TempDir;

const HEIC: &[u8] = b"\0\0\0\x18ftypheic\0\0\0\0mif1heic";

fn here() -> TempDir {
    tempfile::tempdir().unwrap()
}

/// Trains on `photos` in `cwd`; gives what was said.
fn fit(cwd: &Path, photos: &str, args: &[&str]) -> String {
    let output = run(&mut trainer(
        cwd,
        &small_fit(&[&["--dataset", photos], args].concat()),
    ));
    stdout(&output);
    String::from_utf8(output.stderr).unwrap()
}

fn eval(cwd: &Path, run_folder: &str, args: &[&str]) -> (serde_json::Value, String) {
    let model = ["eval", "--json", "--no-temperature", "--model", run_folder];
    let output = run(&mut infer(cwd, &[&model[..], args].concat()));
    let said = String::from_utf8(output.stderr.clone()).unwrap();
    (json(&output), said)
}

/// A picture that no other is a copy of.
fn picture(path: &Path, number: u8) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    let pixel = |x: u32, y: u32| Rgb([number, (5 * x) as u8, (5 * y) as u8]);
    RgbImage::from_fn(40, 40, pixel).save(path).unwrap();
}

#[test]
fn pictures_in_other_formats_are_used_or_named() {
    let here = here();
    let photos = here.path().join("photos");
    write_folder(&photos, 6);
    for number in 0..2 {
        let heic = photos.join(format!("red/IMG_{number}.HEIC"));
        fs::write(heic, HEIC).unwrap();
        let png = photos.join(format!("red/{number}.png"));
        fs::rename(&png, png.with_extension("")).unwrap();
    }
    let said = fit(here.path(), "photos", &["--dry-run"]);
    assert!(said.contains("2 .heic (such as red/IMG_0.HEIC)"), "{said}");
    // 18 pictures, of which a fifth is for the test and a fifth of the rest validates.
    assert!(
        said.contains("11 train, 3 validation, 4 test images"),
        "{said}"
    );

    fit(here.path(), "photos", &[]);
    let predict = ["predict", "--model", "runs/photos", "photos/red"];
    let output = run(&mut infer(here.path(), &predict));
    assert_eq!(output.status.code(), Some(3));
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(
        said.contains("IMG_1.HEIC: ") && said.contains("HEIC is a format that is not read"),
        "{said}"
    );
    let table = String::from_utf8(output.stdout).unwrap();
    assert!(
        table.contains("photos/red/0") && table.contains("photos/red/5.png"),
        "{table}"
    );
}

#[test]
fn broken_pictures_are_all_named_before_the_first_epoch_or_left_out() {
    let here = here();
    let photos = here.path().join("photos");
    for (split, images) in [("train", 8), ("test", 4)] {
        write_folder(&photos.join(split), images);
    }
    fs::write(photos.join("train/red/empty.jpg"), "").unwrap();
    fs::write(photos.join("test/blue/page.jpg"), "<html>404").unwrap();
    let output = run(&mut trainer(
        here.path(),
        &small_fit(&["--dataset", "photos"]),
    ));
    assert_failure(
        &output,
        1,
        &[
            "2 of the 38 pictures of photos cannot be decoded",
            "train/red/empty.jpg (the file is empty)",
            "test/blue/page.jpg (it is a web page",
        ],
        &["--skip-broken", "data check"],
    );
    assert!(!here.path().join("runs").exists());

    let output = run(&mut trainer(
        here.path(),
        &["data", "check", "photos", "--json"],
    ));
    assert_eq!(output.status.code(), Some(1));
    let found: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(found["broken"].as_array().unwrap().len(), 2);
    assert_eq!(found["images"]["train"]["red"], 9);

    let said = fit(here.path(), "photos", &["--skip-broken"]);
    assert!(
        said.contains("left out: 'train/red/empty.jpg' and 'test/blue/page.jpg'"),
        "{said}"
    );
    // The run's record has it: neither the evaluation nor more epochs need the flag.
    let (scores, _) = eval(here.path(), "runs/photos", &[]);
    assert_eq!(scores["images"], 12);
    let more = ["fit", "--quiet", "--resume", "runs/photos", "--epochs", "2"];
    stdout(&run(&mut trainer(here.path(), &more)));
    // As a set that it was not told of, all are named.
    let model = ["eval", "--model", "runs/photos", "--dataset", "photos"];
    let output = run(&mut infer(here.path(), &model));
    assert_failure(
        &output,
        1,
        &["1 of the 13 pictures of photos cannot be decoded: test/blue/page.jpg"],
        &["--skip-broken"],
    );
}

#[test]
fn a_model_is_tried_on_sets_of_other_forms() {
    let here = here();
    write_folder(&here.path().join("photos"), 10);
    fit(here.path(), "photos", &[]);
    let model = "runs/photos";

    // Flat: all of it. Without a class of the model's, and with one that it does not know.
    write_folder(&here.path().join("foreign"), 4);
    fs::remove_dir_all(here.path().join("foreign/green")).unwrap();
    picture(&here.path().join("foreign/fox/1.png"), 1);
    let (scores, said) = eval(here.path(), model, &["--dataset", "foreign"]);
    assert_eq!(scores["images"], 8);
    assert!(
        said.contains("does not know 'fox': 1 image is left out"),
        "{said}"
    );
    assert!(said.contains("no splits"), "{said}");

    // A test split alone.
    write_folder(&here.path().join("tests/Test"), 3);
    let (scores, _) = eval(here.path(), model, &["--dataset", "tests"]);
    assert_eq!(scores["images"], 9);

    // Nothing of it is known.
    picture(&here.path().join("zoo/fox/1.png"), 1);
    picture(&here.path().join("zoo/gnu/1.png"), 2);
    let args = ["eval", "--model", model, "--dataset", "zoo"];
    assert_failure(
        &run(&mut infer(here.path(), &args)),
        1,
        &["zoo: none of its 2 classes is one of the model's 3"],
        &["infer inspect"],
    );
}

#[test]
fn a_set_whose_test_lacks_classes_is_trained_on_and_scored() {
    let here = here();
    for class in ["1", "2", "10"] {
        for number in 0..6 {
            let path = here
                .path()
                .join(format!("photos/train/{class}/{number}.png"));
            picture(&path, class.parse::<u8>().unwrap() * 20 + number);
        }
    }
    picture(&here.path().join("photos/test/10/1.png"), 230);
    picture(&here.path().join("photos/test/2/1.png"), 60);
    let said = fit(here.path(), "photos", &[]);
    assert!(said.contains("no image of '1'"), "{said}");
    let (scores, _) = eval(here.path(), "runs/photos", &[]);
    assert_eq!(scores["images"], 2);
    let output = run(&mut infer(
        here.path(),
        &["inspect", "--json", "runs/photos/model.onnx"],
    ));
    let contract = json(&output).to_string();
    assert!(contract.contains(r#"["1","2","10"]"#), "{contract}");
}

#[test]
fn copies_are_on_one_side_of_every_split() {
    let here = here();
    for class in ["a", "b"] {
        for number in 0..6 {
            for copy in 0..5 {
                let path = here
                    .path()
                    .join(format!("noise/{class}/{number}_{copy}.png"));
                picture(&path, 2 * number + u8::from(class == "b"));
            }
        }
    }
    fit(here.path(), "noise", &[]);
    let names = |split: &str| {
        let list = format!("{split}.csv");
        let args = ["--split", split, "--predictions", &list];
        eval(here.path(), "runs/noise", &args);
        let csv = fs::read_to_string(here.path().join(&list)).unwrap();
        let pictures: std::collections::BTreeSet<String> = csv
            .lines()
            .skip(1)
            .map(|line| {
                let file = line.split(',').find(|cell| cell.ends_with(".png"));
                file.unwrap().rsplit_once('_').unwrap().0.to_owned()
            })
            .collect();
        assert!(!pictures.is_empty());
        pictures
    };
    let (train, val, test) = (names("train"), names("val"), names("test"));
    assert!(train.is_disjoint(&val) && train.is_disjoint(&test) && val.is_disjoint(&test));
    assert_eq!(train.len() + val.len() + test.len(), 12);
}

#[test]
fn a_list_that_windows_wrote_is_read() {
    let here = here();
    write_folder(&here.path().join("photos"), 10);
    fit(here.path(), "photos", &[]);
    let list = "\u{feff}photos/red/0.png\r\nphotos/blue/1.png\r\n";
    fs::write(here.path().join("list.txt"), list).unwrap();
    let args = [
        "predict",
        "--model",
        "runs/photos",
        "--files-from",
        "list.txt",
    ];
    let output = run(&mut infer(here.path(), &args));
    let table = stdout(&output);
    assert!(
        table.contains("photos/red/0.png") && table.contains("photos/blue/1.png"),
        "{table}"
    );
}
