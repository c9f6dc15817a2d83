//! Given the same parameters, the same bytes as the libraries.

use std::collections::{BTreeMap, HashMap};

use augment::batch::{CutMix, Mix, Mixup};
use augment::transforms::{
    Adjustment, Affine, AffineParameters, ColorJitter, Crop, ElasticParameters, ElasticTransform,
    Erasure, GridDistortion, GridParameters, HorizontalFlip, Operation, RandomErasing,
    RandomResizedCrop, Target, VerticalFlip,
};
use augment::{Image, Interpolation, RandomTransform};
use contract::Resize;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::fixtures::{self, Case};

/// Largest difference of a byte, and share of the bytes that may have one.
fn tolerance(parameters: &Value) -> (u8, f64) {
    // As `contract`'s own golden test: halves that OpenCV rounds the other way.
    if parameters["interpolation"] == "bicubic" {
        (1, 0.001)
    } else {
        (0, 0.0)
    }
}

#[test]
fn transforms_give_the_libraries_bytes() {
    let (sources, cases) = fixtures::read_cases();
    let mut counts = BTreeMap::new();
    for case in &cases {
        let transform = case.parameters["transform"].as_str().unwrap();
        let found = apply(transform, case, &sources);
        assert_eq!(found.size(), case.expected.size());
        let pairs = found.pixels.iter().zip(&case.expected.pixels);
        let differences: Vec<u8> = pairs
            .map(|(a, b)| a.abs_diff(*b))
            .filter(|&difference| difference > 0)
            .collect();
        let largest = differences.iter().copied().max().unwrap_or(0);
        let share = differences.len() as f64 / found.pixels.len() as f64;
        let (level, limit) = tolerance(&case.parameters);
        assert!(
            largest <= level && share <= limit,
            "{share} of the bytes differ, by up to {largest}: {} of {}",
            case.parameters,
            case.source
        );
        *counts.entry(transform).or_insert(0) += 1;
    }
    let kinds: Vec<_> = counts.into_keys().collect();
    assert_eq!(
        kinds,
        [
            "affine",
            "color_jitter",
            "cutmix",
            "elastic_transform",
            "grid_distortion",
            "horizontal_flip",
            "mixup",
            "operation",
            "random_erasing",
            "random_resized_crop",
            "vertical_flip"
        ]
    );
}

fn apply(transform: &str, case: &Case, sources: &HashMap<String, Image>) -> Image {
    let image = sources[&case.source].clone();
    let parameters = &case.parameters;
    match transform {
        "horizontal_flip" => HorizontalFlip::default().apply(image, &()),
        "vertical_flip" => VerticalFlip::default().apply(image, &()),
        "grid_distortion" => {
            let parameters = GridParameters {
                x_steps: get(parameters, "x_steps"),
                y_steps: get(parameters, "y_steps"),
            };
            GridDistortion::default().apply(image, &parameters)
        }
        "elastic_transform" => elastic_transform(image, parameters),
        "random_resized_crop" => {
            let [top, left, height, width] = get(parameters, "crop");
            let crop = Crop {
                top,
                left,
                height,
                width,
                to: Target {
                    size: case.expected.size(),
                    kernel: Resize::OpencvCubic,
                },
            };
            let transform = RandomResizedCrop {
                interpolation: get(parameters, "interpolation"),
                ..RandomResizedCrop::default()
            };
            transform.apply(image, &crop)
        }
        "affine" => affine(image, parameters),
        "color_jitter" => {
            let adjustments: Vec<(String, f64)> = get(parameters, "adjustments");
            let adjustments = adjustments.into_iter().map(adjustment).collect();
            ColorJitter::default().apply(image, &adjustments)
        }
        "operation" => {
            let interpolation: Interpolation = get(parameters, "interpolation");
            operation(parameters).apply(image, interpolation, [128, 64, 0])
        }
        "mixup" => {
            let lambda = get(parameters, "lam");
            mixed(image, parameters, sources, Mix::Mixup(Mixup { lambda }))
        }
        "cutmix" => {
            let [top, left, height, width] = get(parameters, "rectangle");
            let cutmix = CutMix {
                top,
                left,
                height,
                width,
            };
            mixed(image, parameters, sources, Mix::CutMix(cutmix))
        }
        "random_erasing" => random_erasing(image, parameters),
        other => panic!("no test of {other}"),
    }
}

fn get<T: DeserializeOwned>(parameters: &Value, key: &str) -> T {
    serde_json::from_value(parameters[key].clone()).unwrap()
}

/// `Noise` of the script: a linear congruential generator.
struct Noise(u32);

impl Noise {
    fn next(&mut self) -> f64 {
        self.0 = self.0.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        f64::from(self.0 >> 8) / f64::from(1 << 24)
    }
}

fn elastic_transform(image: Image, parameters: &Value) -> Image {
    let mut noise = Noise(1);
    // The first six are the shifts of the points.
    for _ in 0..6 {
        noise.next();
    }
    let mut field = || {
        let value = |_| (2.0 * noise.next() - 1.0) as f32;
        (0..image.height * image.width).map(value).collect()
    };
    let drawn = ElasticParameters {
        point_shifts: get(parameters, "point_shifts"),
        x_noise: field(),
        y_noise: field(),
    };
    let elastic = ElasticTransform {
        alpha: get(parameters, "alpha"),
        sigma: get(parameters, "sigma"),
        ..ElasticTransform::default()
    };
    elastic.apply(image, &drawn)
}

fn affine(image: Image, parameters: &Value) -> Image {
    let drawn = AffineParameters {
        angle: get(parameters, "angle"),
        translate: get(parameters, "translate"),
        scale: get(parameters, "scale"),
        shear: get(parameters, "shear"),
    };
    let affine = Affine {
        interpolation: get(parameters, "interpolation"),
        fill: [10, 20, 30],
        ..Affine::default()
    };
    affine.apply(image, &drawn)
}

fn adjustment((name, factor): (String, f64)) -> Adjustment {
    match name.as_str() {
        "brightness" => Adjustment::Brightness(factor),
        "contrast" => Adjustment::Contrast(factor),
        "saturation" => Adjustment::Saturation(factor),
        "hue" => Adjustment::Hue(factor),
        other => panic!("no adjustment {other}"),
    }
}

fn operation(parameters: &Value) -> Operation {
    #[derive(Deserialize)]
    struct Named {
        name: String,
        magnitude: f64,
    }
    let Named { name, magnitude } = Named::deserialize(parameters).unwrap();
    match name.as_str() {
        "Identity" => Operation::Identity,
        "ShearX" => Operation::ShearX(magnitude),
        "ShearY" => Operation::ShearY(magnitude),
        "TranslateX" => Operation::TranslateX(magnitude),
        "TranslateY" => Operation::TranslateY(magnitude),
        "Rotate" => Operation::Rotate(magnitude),
        "Brightness" => Operation::Brightness(magnitude),
        "Color" => Operation::Color(magnitude),
        "Contrast" => Operation::Contrast(magnitude),
        "Sharpness" => Operation::Sharpness(magnitude),
        "Posterize" => Operation::Posterize(magnitude as u8),
        "Solarize" => Operation::Solarize(magnitude),
        "AutoContrast" => Operation::AutoContrast,
        "Equalize" => Operation::Equalize,
        other => panic!("no operation {other}"),
    }
}

fn mixed(image: Image, parameters: &Value, sources: &HashMap<String, Image>, mix: Mix) -> Image {
    let other: String = get(parameters, "other");
    let mut images = vec![image, sources[&other].clone()];
    let targets = mix.apply(&mut images, &[0, 1]);
    let expected: f64 = get(parameters, "lam");
    assert!((targets[0].lambda - expected).abs() < 1e-12);
    images.swap_remove(0)
}

fn random_erasing(image: Image, parameters: &Value) -> Image {
    let [top, left, height, width] = get(parameters, "rectangle");
    // The mean of ImageNet as bytes, 0 after the normalisation.
    let mean = [124, 116, 104];
    let erasure = Erasure {
        top,
        left,
        height,
        width,
        pixels: mean.repeat(height * width),
    };
    RandomErasing::default().apply(image, &erasure)
}
