//! Golden test: `resize_cubic` against OpenCV's own output.
//! The fixtures' README says how they were made.
#![expect(clippy::unwrap_used, reason = "a test may panic")]

use std::io::Read;
use std::path::Path;

use contract::preprocess::{Preprocessor, resize_cubic};
use contract::{Preprocessing, Resize};

struct Golden {
    source: Vec<u8>,
    from: [usize; 2],
    expected: Vec<u8>,
    to: [usize; 2],
}

fn read(name: &str, from: [usize; 2], to: [usize; 2]) -> Golden {
    let file = format!("{name}-{}x{}-{}x{}.gz", from[0], from[1], to[0], to[1]);
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/fixtures")
        .join(file);
    let mut source = Vec::new();
    flate2::read::GzDecoder::new(std::fs::File::open(path).unwrap())
        .read_to_end(&mut source)
        .unwrap();
    let expected = source.split_off(from[0] * from[1] * 3);
    assert_eq!(expected.len(), to[0] * to[1] * 3);
    Golden {
        source,
        from,
        expected,
        to,
    }
}

/// At least 99.9 % of the bytes are OpenCV's, and none is more than 1 away.
fn assert_as_opencv(name: &str, from: [usize; 2], to: [usize; 2]) {
    let golden = read(name, from, to);
    let ours = resize_cubic(&golden.source, golden.from, 3, golden.to);
    let differences: Vec<u8> = ours
        .iter()
        .zip(&golden.expected)
        .filter(|(ours, theirs)| ours != theirs)
        .map(|(ours, theirs)| ours.abs_diff(*theirs))
        .collect();
    let share = differences.len() as f64 / ours.len() as f64;
    println!(
        "{name}: {} of {} bytes differ",
        differences.len(),
        ours.len()
    );
    assert!(share <= 0.001, "{name}: {share} of the bytes differ");
    assert!(differences.iter().all(|&difference| difference == 1));
}

#[test]
fn cifar_to_224() {
    assert_as_opencv("first", [32, 32], [224, 224]);
    assert_as_opencv("second", [32, 32], [224, 224]);
}

#[test]
fn digits_to_64() {
    assert_as_opencv("cut", [8, 8], [64, 64]);
}

#[test]
fn odd_sizes() {
    assert_as_opencv("odd", [13, 7], [29, 31]);
}

#[test]
fn a_smaller_target() {
    assert_as_opencv("smaller", [50, 40], [24, 24]);
}

#[test]
fn taller_and_narrower() {
    assert_as_opencv("mixed", [20, 90], [37, 41]);
}

#[test]
fn the_preprocessor_is_opencv_then_normalisation() {
    let golden = read("second", [32, 32], [224, 224]);
    let preprocessing = Preprocessing {
        resize: Resize::OpencvCubic,
        height: 224,
        width: 224,
        scale: 1.0 / 255.0,
        mean: [0.485, 0.456, 0.406],
        std: [0.229, 0.224, 0.225],
    };
    let ours = Preprocessor::new([32, 32], &preprocessing).batch(&golden.source);
    let mut beyond_rounding = 0;
    for (index, pixel) in golden.expected.chunks_exact(3).enumerate() {
        for channel in 0..3 {
            let value = f64::from(pixel[channel]) / 255.0;
            let [mean, std] = [preprocessing.mean, preprocessing.std]
                .map(|constants| f64::from(constants[channel]));
            let difference =
                (f64::from(ours[channel * 224 * 224 + index]) - (value - mean) / std).abs();
            // One level of 255 where OpenCV rounded a half the other way.
            assert!(difference <= 1.0 / 255.0 / std + 1e-6);
            beyond_rounding += usize::from(difference > 1e-6);
        }
    }
    assert!(beyond_rounding <= golden.expected.len() / 1000);
}
