//! `infer predict`: what can be named, and how it is answered.

use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use assert_cmd::cargo::CommandCargoExt as _;
use serde_json::Value;

use crate::cli::{infer, model, stdout, text};
use crate::tiny;

/// Writes test digit `index` as a PNG file.
fn write_digit(path: &Path, index: usize) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    let pixels = tiny::digits().test.unwrap().pixels(index).unwrap().to_vec();
    image::RgbImage::from_raw(8, 8, pixels)
        .unwrap()
        .save(path)
        .unwrap();
}

/// Runs `infer predict` in `folder` with `input` on stdin.
fn predict_in(folder: &Path, args: &[&str], input: &[u8]) -> Output {
    let (_folder, model) = model();
    let mut child = Command::cargo_bin("infer")
        .unwrap()
        .args(["predict", "--device", "cpu", "--model", text(&model)])
        .args([
            "--runtime",
            concat!(env!("CARGO_MANIFEST_DIR"), "/../../.onnxruntime"),
        ])
        .args(args)
        .current_dir(folder)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(input).unwrap();
    child.wait_with_output().unwrap()
}

/// The files of JSON lines, in order.
fn files(output: &Output) -> Vec<String> {
    stdout(output)
        .lines()
        .map(|line| {
            let answer: Value = serde_json::from_str(line).unwrap();
            answer["file"].as_str().unwrap().to_owned()
        })
        .collect()
}

#[test]
fn goes_on_after_a_broken_file_and_exits_with_3() {
    let folder = tempfile::tempdir().unwrap();
    write_digit(&folder.path().join("good.png"), 0);
    fs::write(folder.path().join("broken.png"), b"not a picture").unwrap();
    let args = ["--top", "2", "broken.png", "missing.png", "good.png"];

    let output = predict_in(folder.path(), &args, b"");
    assert_eq!(output.status.code(), Some(3));
    let stderr = String::from_utf8(output.stderr).unwrap();
    let errors: Vec<&str> = stderr
        .lines()
        .filter(|line| line.starts_with("error: "))
        .collect();
    assert_eq!(errors.len(), 3, "{stderr}");
    assert!(errors[0].contains("broken.png") && errors[1].contains("missing.png"));
    assert!(errors[2].contains("2 of 3"), "{stderr}");
    let table = String::from_utf8(output.stdout).unwrap();
    assert!(table.contains("good.png") && table.contains('%'), "{table}");
    assert_eq!(table.lines().count(), 3, "{table}");

    let output = predict_in(folder.path(), &[&args[..], &["--json"]].concat(), b"");
    let answers: Vec<Value> = std::str::from_utf8(&output.stdout)
        .unwrap()
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert!(answers[0]["error"].as_str().unwrap().contains("broken.png"));
    assert_eq!(answers[2]["top"].as_array().unwrap().len(), 2);
    let label = tiny::digits().test.unwrap().label(0);
    assert_eq!(answers[2]["top"][0]["index"], label);
}

#[test]
fn a_picture_without_pixels_does_not_lose_the_others() {
    let folder = tempfile::tempdir().unwrap();
    write_digit(&folder.path().join("good.png"), 0);
    fs::write(folder.path().join("empty.ppm"), "P6 0 1 255\n").unwrap();
    let canvas =
        b"GIF89a\x04\0\0\0\x80\0\0\0\0\0\0\0\0\x2c\0\0\0\0\x01\0\x01\0\0\x02\x02\x4c\x01\0;";
    fs::write(folder.path().join("empty.gif"), canvas).unwrap();
    let args = ["--json", "empty.ppm", "good.png", "empty.gif", "good.png"];
    let output = predict_in(folder.path(), &args, b"");
    assert_eq!(output.status.code(), Some(3));
    let answers = String::from_utf8(output.stdout).unwrap();
    let answers: Vec<&str> = answers.lines().collect();
    assert_eq!(answers.len(), 4, "{answers:?}");
    for (answer, refused) in answers.iter().zip([true, false, true, false]) {
        assert_eq!(answer.contains("no pixels"), refused, "{answer}");
        assert_eq!(answer.contains("probability"), !refused, "{answer}");
    }
}

#[test]
fn csv_has_one_line_a_class_and_quotes_names() {
    let folder = tempfile::tempdir().unwrap();
    write_digit(&folder.path().join("a, b.png"), 0);
    fs::write(folder.path().join("broken.png"), b"").unwrap();
    let output = predict_in(
        folder.path(),
        &["--csv", "--top", "3", "a, b.png", "broken.png"],
        b"",
    );
    let mut reader = csv::Reader::from_reader(&output.stdout[..]);
    let rows: Vec<csv::StringRecord> = reader.records().map(Result::unwrap).collect();
    assert_eq!(rows.len(), 4);
    let probability = |row: &csv::StringRecord| row[4].parse::<f32>().unwrap();
    for (i, row) in rows[..3].iter().enumerate() {
        assert_eq!((&row[0], &row[1]), ("a, b.png", &*(i + 1).to_string()));
        assert_eq!(row[2], row[3], "the digits' classes are named by number");
        assert!((0.0..=1.0).contains(&probability(row)) && row[5].is_empty());
    }
    assert!(probability(&rows[0]) >= probability(&rows[1]));
    assert!(rows[3][5].contains("empty") && rows[3][1].is_empty());
}

#[test]
fn folders_patterns_and_lists_name_the_same_files() {
    let folder = tempfile::tempdir().unwrap();
    for (i, name) in ["b.png", "a.png", "deep/c.png", "deep/.d.png"]
        .iter()
        .enumerate()
    {
        write_digit(&folder.path().join("photos").join(name), i);
    }
    let run = |args: &[&str], input: &[u8]| {
        files(&predict_in(
            folder.path(),
            &[&["--json"], args].concat(),
            input,
        ))
    };
    let all = ["photos/a.png", "photos/b.png", "photos/deep/c.png"];
    assert_eq!(run(&["photos"], b""), all);
    assert_eq!(run(&["photos", "--max-depth", "1"], b""), all[..2]);
    assert_eq!(run(&["photos/**/*.png"], b""), all);
    assert_eq!(run(&["photos", "--hidden"], b"").len(), 4);
    let list = b"photos/a.png\nphotos/b.png\n\nphotos/deep";
    assert_eq!(run(&["--files-from", "-"], list), all);
    let list = b"photos/a.png\0photos/b.png\0photos/deep/c.png\0";
    assert_eq!(run(&["--files-from", "-", "-0"], list), all);
    fs::write(folder.path().join("list.txt"), "photos/a.png\n").unwrap();
    assert_eq!(
        run(&["photos/b.png", "--files-from", "list.txt"], b""),
        ["photos/b.png", "photos/a.png"]
    );
}

#[test]
fn an_image_on_stdin_is_answered_as_its_file_is() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("digit.png");
    write_digit(&path, 5);
    let bytes = fs::read(&path).unwrap();
    let output = predict_in(folder.path(), &["--json", "-", "digit.png"], &bytes);
    let lines: Vec<Value> = stdout(&output)
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(lines[0]["file"], "-");
    assert_eq!(lines[0]["top"], lines[1]["top"]);

    let output = predict_in(folder.path(), &["-"], b"");
    assert_eq!(output.status.code(), Some(3));
    assert!(String::from_utf8_lossy(&output.stderr).contains("empty"));
}

#[test]
fn a_missing_list_fails_and_what_finds_nothing_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let output = predict_in(folder.path(), &["--files-from", "missing.txt"], b"");
    assert_eq!(output.status.code(), Some(1));
    let output = predict_in(folder.path(), &["*.jpg", "."], b"");
    assert_eq!(output.status.code(), Some(3));
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(stderr.contains("no image files: *.jpg"), "{stderr}");
    assert!(stderr.contains("no image files: ."), "{stderr}");
    // Not a list: one line without end.
    fs::write(folder.path().join("line.txt"), vec![b'x'; 100_000]).unwrap();
    let output = predict_in(folder.path(), &["--files-from", "line.txt"], b"");
    assert_eq!(output.status.code(), Some(3));
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(stderr.contains("more than 65536 bytes"), "{stderr}");
    assert!(stderr.len() < 1000, "{stderr}");
}

#[cfg(target_os = "linux")]
#[test]
fn devices_and_pipes_do_not_stand_for_models_or_data() {
    let folder = tempfile::tempdir().unwrap();
    let status = Command::new("mkfifo")
        .arg(folder.path().join("pipe.onnx"))
        .status();
    assert!(status.unwrap().success());
    for model in ["/dev/zero", "pipe.onnx"] {
        let output = Command::cargo_bin("infer")
            .unwrap()
            .args(["inspect", model])
            .current_dir(folder.path())
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(1));
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert!(stderr.contains("no regular file"), "{stderr}");
    }
}

#[cfg(unix)]
#[test]
fn names_are_any_bytes_and_cannot_break_the_table() {
    use std::os::unix::ffi::OsStrExt as _;

    let folder = tempfile::tempdir().unwrap();
    let name = std::ffi::OsStr::from_bytes(b"\xff\n\x1b[31m.png");
    write_digit(&folder.path().join("x.png"), 0);
    fs::rename(folder.path().join("x.png"), folder.path().join(name)).unwrap();
    let output = predict_in(folder.path(), &["--top", "1", "."], b"");
    let table = stdout(&output);
    assert_eq!(table.lines().count(), 2, "{table}");
    assert!(!table.contains('\u{1b}'), "{table}");
}

#[test]
fn help_documents_the_exit_codes() {
    let help = stdout(&infer(&["predict", "--help"]));
    assert!(help.contains("Exit codes: 0 ") && help.contains("3 some images"));
}
