//! What holds for every recipe and every image.

use augment::batch::BatchMix;
use augment::transforms::{
    Affine, ColorJitter, CropInterpolation, ElasticTransform, GridDistortion, HorizontalFlip,
    RandAugment, RandomErasing, RandomResizedCrop, Resize, Shift, TrivialAugmentWide, VerticalFlip,
};
use augment::{Augmentation, Image, Interpolation, Transform, batch_rng};
use contract::{Preprocessing, Resize as Kernel};
use proptest::prelude::*;

use super::fixtures::network;

fn probability() -> impl Strategy<Value = f64> {
    prop_oneof![Just(0.0), Just(1.0), 0.0..=1.0]
}

fn interpolation() -> impl Strategy<Value = Interpolation> {
    prop_oneof![Just(Interpolation::Nearest), Just(Interpolation::Bilinear)]
}

/// Two numbers in order.
fn ordered(range: std::ops::RangeInclusive<f64>) -> impl Strategy<Value = [f64; 2]> {
    (range.clone(), range).prop_map(|(a, b)| [a.min(b), a.max(b)])
}

/// Any transform with `probability`, that keeps the image's size.
fn transform(probability: impl Strategy<Value = f64>) -> impl Strategy<Value = Transform> {
    let values = (0.0..0.9, 0.0..0.5, ordered(0.05..=1.0), ordered(0.2..=5.0));
    (
        0..10,
        probability,
        interpolation(),
        any::<[u8; 3]>(),
        0..31_usize,
        values,
    )
        .prop_map(
            |(kind, probability, interpolation, fill, magnitude, (large, small, scale, ratio))| {
                match kind {
                    0 => Transform::HorizontalFlip(HorizontalFlip { probability }),
                    1 => Transform::VerticalFlip(VerticalFlip { probability }),
                    2 => Transform::Shift(Shift {
                        probability,
                        limit: large,
                    }),
                    3 => Transform::Affine(Affine {
                        probability,
                        degrees: 180.0 * large,
                        translate: [large, small],
                        scale: ratio,
                        shear: [80.0 * large, 80.0 * small],
                        interpolation,
                        fill,
                    }),
                    4 => Transform::ColorJitter(ColorJitter {
                        probability,
                        brightness: 3.0 * large,
                        contrast: large,
                        saturation: small,
                        hue: small,
                    }),
                    5 => Transform::GridDistortion(GridDistortion {
                        probability,
                        num_steps: 1 + magnitude,
                        distort_limit: large,
                    }),
                    6 => Transform::ElasticTransform(ElasticTransform {
                        probability,
                        alpha: 100.0 * small,
                        sigma: 0.1 + 10.0 * large,
                        alpha_affine: 50.0 * small,
                    }),
                    7 => Transform::RandAugment(RandAugment {
                        probability,
                        magnitude,
                        interpolation,
                        fill,
                        ..RandAugment::default()
                    }),
                    8 => Transform::TrivialAugmentWide(TrivialAugmentWide {
                        probability,
                        interpolation,
                        fill,
                        ..TrivialAugmentWide::default()
                    }),
                    _ => Transform::RandomErasing(RandomErasing {
                        probability,
                        scale,
                        ratio,
                        ..RandomErasing::default()
                    }),
                }
            },
        )
}

fn image_of([height, width]: [usize; 2]) -> impl Strategy<Value = Image> {
    proptest::collection::vec(any::<u8>(), height * width * 3)
        .prop_map(move |pixels| Image::new([height, width], pixels))
}

fn image() -> impl Strategy<Value = Image> {
    [1..24_usize, 1..24_usize].prop_flat_map(image_of)
}

fn recipe() -> impl Strategy<Value = Vec<Transform>> {
    proptest::collection::vec(transform(probability()), 0..5)
}

proptest! {
    #[test]
    fn the_size_stays_and_the_same_seed_gives_the_same(
        image in image(), recipe in recipe(), seed: u64, epoch in 0..99_usize, index in 0..9999_usize
    ) {
        let apply = || {
            let augmentation = Augmentation::new(recipe.clone(), &network(24, 24), seed).unwrap();
            augmentation.apply(image.clone(), epoch, index)
        };
        prop_assert_eq!(apply().size(), image.size());
        prop_assert_eq!(apply(), apply());
    }

    #[test]
    fn probability_0_changes_nothing(
        image in image(), recipe in proptest::collection::vec(transform(Just(0.0)), 0..5), seed: u64
    ) {
        let augmentation = Augmentation::new(recipe, &network(24, 24), seed).unwrap();
        prop_assert_eq!(augmentation.apply(image.clone(), 0, 0), image);
    }

    #[test]
    fn crops_and_resizes_give_the_network_s_size(
        image in image(),
        scale in ordered(0.01..=1.0),
        ratio in ordered(0.02..=50.0),
        size in [1..40_usize, 1..40_usize],
        interpolation in prop_oneof![
            Just(CropInterpolation::Bicubic),
            Just(CropInterpolation::Bilinear),
        ],
        kernel in prop_oneof![Just(Kernel::OpencvCubic), Just(Kernel::PillowBicubic)],
        seed: u64,
    ) {
        let crop = RandomResizedCrop { probability: 1.0, scale, ratio, interpolation };
        let network = Preprocessing { resize: kernel, ..network(size[0], size[1]) };
        for transform in [Transform::RandomResizedCrop(crop), Transform::Resize(Resize {})] {
            let augmentation = Augmentation::new(vec![transform], &network, seed).unwrap();
            prop_assert_eq!(augmentation.apply(image.clone(), 0, 0).size(), size);
        }
    }

    #[test]
    fn a_recipe_is_the_same_after_toml(recipe in recipe()) {
        #[derive(serde::Serialize, serde::Deserialize)]
        struct Recipe {
            augment: Vec<Transform>,
        }
        let text = toml::to_string(&Recipe { augment: recipe.clone() }).unwrap();
        let read: Recipe = toml::from_str(&text).unwrap();
        prop_assert_eq!(read.augment, recipe);
    }

    #[test]
    fn mixing_keeps_a_batch_s_mean(
        images in proptest::collection::vec(image_of([6, 5]), 1..7),
        alphas in [0.05..4.0, 0.05..4.0],
        batch in 0..9999_usize,
    ) {
        let mix = BatchMix {
            mixup_alpha: alphas[0],
            cutmix_alpha: alphas[1],
            ..BatchMix::default()
        };
        mix.validate().unwrap();
        let mean = |images: &[Image]| {
            let bytes = images.iter().flat_map(|image| &image.pixels);
            let sum: f64 = bytes.clone().map(|&byte| f64::from(byte)).sum();
            sum / bytes.count() as f64
        };
        let mut mixed = images.clone();
        let labels: Vec<usize> = (0..images.len()).collect();
        let targets = mix
            .sample([6, 5], &mut batch_rng(0, 0, batch))
            .apply(&mut mixed, &labels);
        // Partners trade what they lose, up to rounding.
        prop_assert!((mean(&mixed) - mean(&images)).abs() <= 0.5);
        prop_assert_eq!(targets.len(), images.len());
        prop_assert!(targets.iter().all(|target| (0.0..=1.0).contains(&target.lambda)));
    }
}

#[test]
fn unknown_keys_and_kinds_are_errors_that_say_what_there_is() {
    let parse = |text: &str| toml::from_str::<Transform>(text);
    let unknown_key = parse("kind = 'shift'\nlimits = 0.5\n")
        .unwrap_err()
        .to_string();
    assert!(
        unknown_key.contains("limits") && unknown_key.contains("limit"),
        "{unknown_key}"
    );
    let unknown_kind = parse("kind = 'shaft'\n").unwrap_err().to_string();
    assert!(
        unknown_kind.contains("shaft") && unknown_kind.contains("shift"),
        "{unknown_kind}"
    );
    let resize = parse("kind = 'resize'\nprobability = 0.5\n");
    assert!(resize.is_err());
}

#[test]
fn defaults_are_those_of_the_libraries() {
    let parse = |kind: &str| toml::from_str::<Transform>(&format!("kind = '{kind}'")).unwrap();
    assert_eq!(
        parse("grid_distortion"),
        Transform::GridDistortion(GridDistortion {
            probability: 0.5,
            num_steps: 5,
            distort_limit: 0.3,
        })
    );
    assert_eq!(
        parse("elastic_transform"),
        Transform::ElasticTransform(ElasticTransform {
            probability: 0.5,
            alpha: 1.0,
            sigma: 50.0,
            alpha_affine: 50.0,
        })
    );
    let Transform::RandAugment(augment) = parse("rand_augment") else {
        panic!("another kind");
    };
    assert_eq!(
        (
            augment.num_ops,
            augment.magnitude,
            augment.num_magnitude_bins
        ),
        (2, 9, 31)
    );
}
