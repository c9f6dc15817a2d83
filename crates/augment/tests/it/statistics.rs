//! What is drawn has the mean and the spread of what the libraries draw.

use std::collections::BTreeMap;

use augment::batch::CutMix;
use augment::transforms::{Adjustment, Affine, ColorJitter, RandomErasing, RandomResizedCrop};
use augment::{RandomTransform, image_rng};
use rand_chacha::ChaCha8Rng;
use serde::Deserialize;

use super::fixtures::{network, read_json};

#[derive(Deserialize)]
struct Statistics {
    mean: f64,
    std: f64,
    draws: usize,
}

const DRAWS: usize = 20_000;

/// Draws many times and compares each of `keys` with the library's statistics.
fn assert_as_library<const N: usize>(
    name: &str,
    keys: [&str; N],
    mut draw: impl FnMut(&mut ChaCha8Rng) -> Option<[f64; N]>,
) {
    let mut all: BTreeMap<String, BTreeMap<String, Statistics>> = read_json("statistics.json");
    let expected = all.remove(name).unwrap();
    assert_eq!(expected.len(), N);
    let mut rng = image_rng(0, 0, 0, 0);
    let draws: Vec<_> = (0..DRAWS).filter_map(|_| draw(&mut rng)).collect();
    for (position, key) in keys.into_iter().enumerate() {
        let Statistics {
            mean,
            std,
            draws: library_draws,
        } = expected[key];
        let count = draws.len() as f64;
        // How many draws do not fit is a statistic too.
        let missing = (count - library_draws as f64).abs();
        assert!(missing < 0.01 * count, "{name}: {count} draws");
        let values = || draws.iter().map(|values| values[position]);
        let found_mean = values().sum::<f64>() / count;
        let variance = values()
            .map(|value| (value - found_mean).powi(2))
            .sum::<f64>()
            / count;
        // Six standard errors of the difference of two means; none of these
        // distributions has so heavy a tail that 5 % is not far for the spread.
        let error = std * (2.0 / count).sqrt();
        assert!(
            (found_mean - mean).abs() < 6.0 * error,
            "{name}: mean {key} is {found_mean}, expected {mean} +- {error}"
        );
        assert!(
            (variance.sqrt() / std - 1.0).abs() < 0.05,
            "{name}: standard deviation of {key} is {}, expected {std}",
            variance.sqrt()
        );
    }
}

const SIZES: [[usize; 2]; 3] = [[32, 32], [40, 48], [224, 224]];
const RECTANGLE: [&str; 4] = ["top", "left", "height", "width"];

fn named(kind: &str, [height, width]: [usize; 2]) -> String {
    format!("{kind} {height}x{width}")
}

#[test]
fn random_resized_crops() {
    for size in SIZES {
        let name = named("random_resized_crop", size);
        assert_as_library(&name, RECTANGLE, |rng| {
            let crop = RandomResizedCrop::default().sample(size, &network(224, 224), rng);
            Some([crop.top, crop.left, crop.height, crop.width].map(|side| side as f64))
        });
    }
}

#[test]
fn random_erasings() {
    for size in &SIZES[..2] {
        let name = named("random_erasing", *size);
        assert_as_library(&name, RECTANGLE, |rng| {
            let erasure = RandomErasing::default().sample(*size, &network(224, 224), rng);
            let sides = [erasure.top, erasure.left, erasure.height, erasure.width];
            (erasure.height > 0).then(|| sides.map(|side| side as f64))
        });
    }
}

#[test]
fn cutmix_rectangles() {
    for size in &SIZES[..2] {
        let name = named("cutmix", *size);
        let keys = ["top", "left", "height", "width", "lambda"];
        assert_as_library(&name, keys, |rng| {
            let cutmix = CutMix::sample(0.7, *size, rng);
            let [top, left, height, width] =
                [cutmix.top, cutmix.left, cutmix.height, cutmix.width].map(|side| side as f64);
            Some([top, left, height, width, cutmix.lambda(*size)])
        });
    }
}

#[test]
fn affine_maps() {
    let affine = Affine {
        degrees: 30.0,
        translate: [0.1, 0.2],
        scale: [0.5, 2.0],
        shear: [10.0, 5.0],
        ..Affine::default()
    };
    let keys = [
        "angle",
        "translate_x",
        "translate_y",
        "scale",
        "shear_x",
        "shear_y",
    ];
    assert_as_library("affine 40x48", keys, |rng| {
        let drawn = affine.sample([40, 48], &network(224, 224), rng);
        let ([x, y], [shear_x, shear_y]) = (drawn.translate, drawn.shear);
        Some([drawn.angle, x, y, drawn.scale, shear_x, shear_y])
    });
}

#[test]
fn colour_changes() {
    let jitter = ColorJitter {
        brightness: 0.4,
        contrast: 2.0,
        saturation: 0.2,
        hue: 0.1,
        ..ColorJitter::default()
    };
    let keys = [
        "brightness",
        "contrast",
        "saturation",
        "hue",
        "place_of_hue",
    ];
    assert_as_library("color_jitter", keys, |rng| {
        let mut found = [f64::NAN; 5];
        let adjustments = jitter.sample([8, 8], &network(224, 224), rng);
        for (place, adjustment) in adjustments.into_iter().enumerate() {
            match adjustment {
                Adjustment::Brightness(factor) => found[0] = factor,
                Adjustment::Contrast(factor) => found[1] = factor,
                Adjustment::Saturation(factor) => found[2] = factor,
                Adjustment::Hue(turn) => {
                    found[3] = turn;
                    found[4] = place as f64;
                }
            }
        }
        Some(found)
    });
}
