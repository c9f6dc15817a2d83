//! A folder of awkward image files (`tools/golden/awkward_images.py`): each is
//! predicted, or refused with its reason.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use dataset::RgbPixels;
use infer::{Classifier, FindOptions, Picture, PredictOptions, find_pictures, predict};
use serde_json::Value;

use crate::cli::{infer, model, text};
use crate::open;

/// Cells a side of the grid that `expected.json` has mean colours for.
const GRID: usize = 4;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/awkward")
}

/// What is expected of each file.
fn expected() -> BTreeMap<String, Value> {
    let json = std::fs::read_to_string(folder().join("expected.json")).unwrap();
    serde_json::from_str(&json).unwrap()
}

/// Mean RGB of a cell of the grid.
fn mean(image: &RgbPixels, row: usize, column: usize) -> [f64; 3] {
    let range = |length: usize, i: usize| {
        let start = length * i / GRID;
        start..(length * (i + 1) / GRID).max(start + 1)
    };
    let mut sum = [0.0; 3];
    let mut count = 0.0;
    for y in range(image.height, row) {
        for x in range(image.width, column) {
            let pixel = &image.pixels[(y * image.width + x) * 3..][..3];
            for (sum, &value) in sum.iter_mut().zip(pixel) {
                *sum += f64::from(value);
            }
            count += 1.0;
        }
    }
    sum.map(|sum| sum / count)
}

#[test]
fn each_picture_is_decoded_as_pillow_does() {
    for (file, expected) in expected() {
        let Some(cells) = expected["cells"].as_array() else {
            continue;
        };
        // Decoders of JPEG and lossy WebP interpolate and round differently.
        let tolerance = 3.0;
        let image = dataset::decode_file(&folder().join(&file)).unwrap();
        for (i, cell) in cells.iter().enumerate() {
            let got = mean(&image, i / GRID, i % GRID);
            for (channel, value) in got.iter().enumerate() {
                let want = cell[channel].as_f64().unwrap();
                assert!(
                    (value - want).abs() <= tolerance,
                    "{file}, cell {i}: {got:?}, Pillow has {cell}"
                );
            }
        }
    }
}

#[test]
fn each_picture_is_predicted_or_refused_with_its_reason() {
    let expected = expected();
    let pictures: Vec<Picture> = expected
        .keys()
        .map(|file| Picture::file(folder().join(file)))
        .collect();
    let (count, mut seen) = (pictures.len(), Vec::new());
    let classifier = open(Classifier::builder().sessions(2));
    let options = PredictOptions::default();
    let answers = predict(&classifier, pictures.into_iter(), &options, |answer| {
        seen.push(answer);
        ControlFlow::Continue(())
    });
    assert_eq!((answers.unwrap(), seen.len()), (count, count));
    assert!(count >= 30);

    for ((file, expected), answer) in expected.iter().zip(&seen) {
        assert_eq!(answer.name, folder().join(file), "the order is kept");
        match (&expected["refused"], &answer.result) {
            (Value::String(words), Err(error)) => {
                let line = error.to_string();
                let reason = line.to_lowercase();
                assert!(line.contains(file) && reason.contains(words), "{line}");
                assert!(!line.contains('\n') && error.hint().is_some(), "{line}");
            }
            (Value::Null, Ok(classification)) => {
                assert_eq!(classification.probabilities.len(), 10);
                assert_eq!(answer.animated, expected["animated"], "{file}");
            }
            (_, result) => panic!("{file}: {result:?}, expected {expected}"),
        }
    }
}

#[test]
fn an_answer_does_not_depend_on_the_neighbours_in_a_batch() {
    let classifier = open(Classifier::builder().sessions(2));
    let run = |batch_size| {
        let mut logits = Vec::new();
        let options = PredictOptions {
            batch_size: Some(batch_size),
        };
        let pictures = find_pictures(&folder(), &FindOptions::default());
        predict(&classifier, pictures, &options, |answer| {
            logits.push((answer.name, answer.result.ok().map(|answer| answer.logits)));
            ControlFlow::Continue(())
        })
        .unwrap();
        logits
    };
    for ((name, alone), (_, together)) in run(1).into_iter().zip(run(7)) {
        assert_eq!(alone.is_some(), together.is_some(), "{}", name.display());
        for (a, b) in alone.iter().flatten().zip(together.iter().flatten()) {
            assert!((a - b).abs() < 1e-4, "{}: {a} and {b}", name.display());
        }
    }
}

#[test]
fn the_program_classifies_the_good_ones_and_its_exit_code_tells_of_the_others() {
    let (_folder, model) = model();
    let output = infer(&[
        "predict",
        "--json",
        "--device",
        "cpu",
        "--model",
        text(&model),
        text(&folder()),
    ]);
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(3), "{stderr}");
    let mut seen = 0;
    for line in std::str::from_utf8(&output.stdout).unwrap().lines() {
        let answer: Value = serde_json::from_str(line).unwrap();
        let file = Path::new(answer["file"].as_str().unwrap());
        let expected = &expected()[file.file_name().unwrap().to_str().unwrap()];
        let refused = expected["refused"].is_string();
        assert_eq!(answer["error"].is_string(), refused, "{answer}");
        assert_eq!(answer["top"].is_array(), !refused, "{answer}");
        seen += 1;
    }
    // Also those without an image file's extension, and in formats that are not read.
    assert_eq!(seen, expected().len());
    assert!(stderr.contains("animated.gif: an animation"), "{stderr}");
    let last: Vec<&str> = stderr.lines().rev().take(2).collect();
    assert!(
        last[0].starts_with("hint: ") && last[1].contains("images were not classified"),
        "{stderr}"
    );
}
