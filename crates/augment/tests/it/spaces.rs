//! The magnitudes of RandAugment and TrivialAugment at every strength.

use std::collections::{BTreeMap, HashMap};

use augment::transforms::{Operation, RandAugment, TrivialAugmentWide};
use augment::{RandomTransform, image_rng};

use super::fixtures::{network, read_json};

/// Magnitudes of each operation by strength; none where it has no strength.
type Space = HashMap<String, Vec<f64>>;

fn name_and_magnitude(operation: Operation) -> (&'static str, f64) {
    match operation {
        Operation::Identity => ("Identity", 0.0),
        Operation::ShearX(magnitude) => ("ShearX", magnitude),
        Operation::ShearY(magnitude) => ("ShearY", magnitude),
        Operation::TranslateX(magnitude) => ("TranslateX", magnitude),
        Operation::TranslateY(magnitude) => ("TranslateY", magnitude),
        Operation::Rotate(magnitude) => ("Rotate", magnitude),
        Operation::Brightness(magnitude) => ("Brightness", magnitude),
        Operation::Color(magnitude) => ("Color", magnitude),
        Operation::Contrast(magnitude) => ("Contrast", magnitude),
        Operation::Sharpness(magnitude) => ("Sharpness", magnitude),
        Operation::Posterize(bits) => ("Posterize", f64::from(bits)),
        Operation::Solarize(magnitude) => ("Solarize", magnitude),
        Operation::AutoContrast => ("AutoContrast", 0.0),
        Operation::Equalize => ("Equalize", 0.0),
    }
}

/// torchvision computes magnitudes in single precision.
fn close(found: f64, expected: f64) -> bool {
    (found.abs() - expected).abs() <= 1e-5 * (1.0 + expected)
}

#[test]
fn rand_augment_has_torchvision_s_magnitudes() {
    let spaces: HashMap<String, Space> = read_json("augmentation_spaces.json");
    let space = &spaces["rand_augment"];
    let mut rng = image_rng(0, 0, 0, 0);
    for strength in 0..31 {
        let augment = RandAugment {
            num_ops: 14,
            magnitude: strength,
            ..RandAugment::default()
        };
        let mut seen = BTreeMap::new();
        for _ in 0..40 {
            let operations = augment.sample([40, 48], &network(224, 224), &mut rng);
            for (name, magnitude) in operations.into_iter().map(name_and_magnitude) {
                let expected = space[name].get(strength).copied().unwrap_or(0.0);
                assert!(
                    close(magnitude, expected),
                    "{name}({magnitude}) at {strength}"
                );
                seen.insert(name, magnitude);
            }
        }
        assert_eq!(seen.len(), space.len());
    }
}

#[test]
fn trivial_augment_has_torchvision_s_magnitudes() {
    let spaces: HashMap<String, Space> = read_json("augmentation_spaces.json");
    let space = &spaces["trivial_augment_wide"];
    let mut rng = image_rng(0, 0, 0, 0);
    let mut seen: HashMap<&str, Vec<bool>> = HashMap::new();
    // 434 combinations: each is missed by all draws once in 10^11 runs.
    for _ in 0..14_000 {
        let operation =
            TrivialAugmentWide::default().sample([40, 48], &network(224, 224), &mut rng);
        let (name, magnitude) = name_and_magnitude(operation);
        let magnitudes = &space[name];
        let seen = seen
            .entry(name)
            .or_insert_with(|| vec![false; magnitudes.len()]);
        let mut known = magnitudes.is_empty() && magnitude == 0.0;
        for (seen, &expected) in seen.iter_mut().zip(magnitudes) {
            let found = close(magnitude, expected);
            *seen |= found;
            known |= found;
        }
        assert!(known, "{name}({magnitude})");
    }
    assert_eq!(seen.len(), space.len());
    assert!(seen.values().flatten().all(|&seen| seen), "{seen:?}");
}
