//! One data set as a folder, in archives and as a table: the same training, the same scores.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs::{self, File};
use std::io::Write;
use std::path::Path;

use end_to_end::{assert_failure, infer, json, run, small_fit, stdout, trainer, write_folder};
use flate2::{Compression, write::GzEncoder};
use zip::{ZipWriter, write::SimpleFileOptions};

/// The files of `photos/` in `here`, by their paths from there.
fn files(here: &Path) -> Vec<String> {
    let mut files = Vec::new();
    for class in fs::read_dir(here.join("photos")).unwrap() {
        let class = class.unwrap().file_name().into_string().unwrap();
        for file in fs::read_dir(here.join("photos").join(&class)).unwrap() {
            let file = file.unwrap().file_name().into_string().unwrap();
            files.push(format!("photos/{class}/{file}"));
        }
    }
    files
}

fn write_zip(here: &Path) {
    let mut zip = ZipWriter::new(File::create(here.join("photos.zip")).unwrap());
    for name in files(here) {
        zip.start_file(&name, SimpleFileOptions::default()).unwrap();
        zip.write_all(&fs::read(here.join(name)).unwrap()).unwrap();
    }
    zip.finish().unwrap();
}

fn write_tar_gz(here: &Path) {
    let file = File::create(here.join("photos.tar.gz")).unwrap();
    let mut tar = tar::Builder::new(GzEncoder::new(file, Compression::fast()));
    tar.append_dir_all("photos", here.join("photos")).unwrap();
    tar.into_inner().unwrap().finish().unwrap();
}

fn write_table(here: &Path) {
    let mut table = "\u{feff}image,label\r\n".to_owned();
    for name in files(here) {
        let class = name.split('/').nth(1).unwrap();
        table += &format!("{name},{class}\r\n");
    }
    fs::write(here.join("photos.csv"), table).unwrap();
}

/// What `infer eval` writes of each image of a split, in the order of their files.
fn predictions(here: &Path, data: &str, split: &str) -> Vec<String> {
    let args = [
        "eval",
        "--no-temperature",
        "--model",
        "runs/photos",
        "--dataset",
        data,
        "--split",
        split,
        "--predictions",
        "out.csv",
    ];
    stdout(&run(&mut infer(here, &args)));
    let text = fs::read_to_string(here.join("out.csv")).unwrap();
    let mut lines: Vec<String> = text
        .lines()
        .map(|line| line.replace("photos/", ""))
        .collect();
    lines.sort();
    lines
}

#[test]
fn every_form_gives_the_same_scores() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    write_folder(&here.join("photos"), 10);
    write_zip(here);
    write_tar_gz(here);
    write_table(here);

    let fit = |data: &str, out: &str| {
        let args = small_fit(&["--dataset", data, "--out", out]);
        stdout(&run(&mut trainer(here, &args)));
        let args = ["inspect", "--json", &format!("{out}/model.onnx")];
        json(&run(&mut infer(here, &args)))["contract"]["training"]["metrics"].clone()
    };
    let of_folder = fit("photos", "runs/photos");
    assert!(of_folder["val_loss"].is_number(), "{of_folder}");
    assert_eq!(fit("photos.zip", "runs/zip"), of_folder);
    assert_eq!(fit("photos.csv", "runs/csv"), of_folder);

    for split in ["test", "all"] {
        let expected = predictions(here, "photos", split);
        assert_eq!(expected.len(), if split == "all" { 31 } else { 7 });
        for form in ["photos.zip", "photos.tar.gz", "photos.csv"] {
            assert_eq!(predictions(here, form, split), expected, "{form} {split}");
        }
    }

    // The run's record leads to the archive, from anywhere, and what is gone is unpacked again.
    fs::remove_dir_all(here.join("data/unpacked")).unwrap();
    let elsewhere = tempfile::tempdir().unwrap();
    let model = here.join("runs/zip");
    let args = ["eval", "--model", model.to_str().unwrap()];
    let table = stdout(&run(&mut infer(elsewhere.path(), &args)));
    assert!(table.contains("photos, test split"), "{table}");
    assert!(!elsewhere.path().join("data").exists());
}

#[test]
fn what_is_wrong_with_a_file_is_said() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    write_folder(&here.join("photos"), 4);
    fs::write(here.join("notes.md"), "no data").unwrap();
    fs::write(here.join("cut.zip"), "PK\x03\x04").unwrap();
    let table = "file,label\nphotos/red/0.png,red\nphotos/red/9.png,red\nphotos/blue/1.png,\n";
    fs::write(here.join("labels.csv"), table).unwrap();
    for (data, message, hint) in [
        (
            "notes.md",
            "notes.md: is a file, expected a folder",
            "digits",
        ),
        ("cut.zip", "cut.zip: ", "unpack it yourself"),
        (
            "labels.csv",
            "labels.csv: line 3: no such file: photos/red/9.png; line 4: photos/blue/1.png has no label",
            "file,label",
        ),
    ] {
        let args = small_fit(&["--dataset", data]);
        assert_failure(&run(&mut trainer(here, &args)), 1, &[message], &[hint]);
    }
    assert!(!here.join("runs").exists());
    assert_eq!(fs::read_dir(here.join("data/unpacked")).unwrap().count(), 0);
}

#[test]
fn a_share_for_the_test_is_kept_by_the_model() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    write_folder(&here.join("photos"), 10);
    let fit = |share: &str, out: &str| {
        let data = [
            "--dataset",
            "photos",
            "--test-fraction",
            share,
            "--out",
            out,
        ];
        let output = run(&mut trainer(here, &small_fit(&data)));
        stdout(&output);
        String::from_utf8(output.stderr).unwrap()
    };
    let said = fit("0.4", "runs/photos");
    assert!(said.contains("14 train, 4 validation, 12 test"), "{said}");
    // The model's own split, also without the run.
    assert_eq!(predictions(here, "photos", "test").len(), 13);
    let said = fit("0", "runs/whole");
    assert!(said.contains("24 train, 6 validation, 0 test"), "{said}");
    assert!(said.contains("nothing will tell how good"), "{said}");
    let args = ["eval", "--model", "runs/whole"];
    assert_failure(
        &run(&mut infer(here, &args)),
        1,
        &["data set photos has no test split"],
        &["--split val"],
    );
    write_folder(&here.join("photos/train"), 4);
    write_folder(&here.join("photos/test"), 4);
    let data = ["--dataset", "photos", "--test-fraction", "0.1"];
    assert_failure(
        &run(&mut trainer(here, &small_fit(&data))),
        1,
        &["photos has a test split of its own"],
        &["--test-fraction"],
    );
}
