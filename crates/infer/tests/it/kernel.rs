//! The kernel that a contract names is the one that pictures are resized with.

use std::fs;
use std::path::Path;

use contract::{Contract, Resize, preprocess};
use dataset::Split;
use image::{DynamicImage, RgbImage};
use infer::{Classifier, CompareOptions, Device, compare, preprocessing_sha256};

use crate::cli::{infer, stdout, text};
use crate::tiny;

/// The tiny model's contract with `kernel`.
fn contract(kernel: Resize) -> Contract {
    let mut contract = tiny::contract(&tiny::digits());
    contract.version = contract::oldest_version(kernel, &contract.training.dataset);
    contract.preprocessing.resize = kernel;
    contract
}

fn classifier(kernel: Resize) -> Classifier {
    Classifier::builder()
        .device(Device::Cpu)
        .from_bytes(tiny::model_with(&contract(kernel)).to_bytes())
        .unwrap()
}

/// A picture much larger than the model's input, with details.
fn photo() -> RgbImage {
    let pixels = (0..90 * 100 * 3_u64).map(|i| ((i * i * 31) >> 4) as u8);
    RgbImage::from_raw(100, 90, pixels.collect()).unwrap()
}

#[test]
fn pictures_are_resized_by_the_contract_s_kernel() {
    let photo = photo();
    for kernel in [Resize::OpencvCubic, Resize::PillowBicubic] {
        let classifier = classifier(kernel);
        let stretched = preprocess::resize(photo.as_raw(), [90, 100], [8, 8], kernel);
        assert_eq!(
            classifier
                .classify_image(&DynamicImage::ImageRgb8(photo.clone()))
                .unwrap(),
            classifier.classify_pixels(&stretched).unwrap(),
        );
    }
}

#[test]
fn models_of_two_kernels_do_not_share_their_pixels() {
    let folder = tempfile::tempdir().unwrap();
    photo().save(folder.path().join("photo.png")).unwrap();
    let split = Split::from_files(folder.path(), vec!["photo.png".into()], vec![0]);
    let logits = |first, second| {
        let models = [classifier(first), classifier(second)];
        let options = CompareOptions::default();
        let comparison = compare(&models[0], &models[1], &split, &options, &|_| ()).unwrap();
        comparison.logits.max
    };
    assert_eq!(logits(Resize::PillowBicubic, Resize::PillowBicubic), 0.0);
    assert!(logits(Resize::OpencvCubic, Resize::PillowBicubic) > 0.01);
}

#[test]
fn inspect_shows_the_kernel() {
    let folder = tempfile::tempdir().unwrap();
    let table = |contract: &Contract| {
        let path = folder.path().join("model.onnx");
        fs::write(&path, tiny::model_with(contract).to_bytes()).unwrap();
        inspected(&path)
    };
    let mut photos = contract(Resize::PillowBicubic);
    for (contract, words) in [
        (
            &contract(Resize::OpencvCubic),
            ["version 1", "stretched to 8x8 (OpenCV's cubic, before"],
        ),
        (
            &photos,
            ["version 2", "to 8x8 (Pillow's bicubic, antialiased, before"],
        ),
    ] {
        let table = table(contract);
        for word in words {
            assert!(table.contains(word), "`{word}` is missing in\n{table}");
        }
    }
    // Only a graph that resizes says to what.
    photos = contract(Resize::OpencvCubic);
    assert!(!table(&photos).contains("to 8x8 (OpenCV's cubic), *"));
    photos.preprocessing.height = 16;
    assert!(table(&photos).contains("to 16x8 (OpenCV's cubic), *"));
}

fn inspected(model: &Path) -> String {
    stdout(&infer(&["inspect", text(model)]))
}

#[test]
fn shards_of_two_kernels_are_told_apart() {
    let opencv = preprocessing_sha256(&contract(Resize::OpencvCubic));
    assert_ne!(
        opencv,
        preprocessing_sha256(&contract(Resize::PillowBicubic))
    );
    // What every version before the second kernel wrote into its shards.
    assert_eq!(
        opencv,
        "7bb100bab342207555e1e962d486b88babb717f875e6f9cba0860ac9e3c58c8d"
    );
}
