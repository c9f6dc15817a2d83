//! Images a second that one core augments at 224 px, decoding left out.
//!
//!     cargo run --release -p augment --example throughput

use std::hint::black_box;
use std::time::Instant;

use augment::{Augmentation, Image, Transform};
use contract::preprocess::Preprocessor;
use contract::{Preprocessing, Resize};
use serde::Deserialize;

/// What recipes have in common: the list of transforms.
#[derive(Deserialize)]
struct Recipe {
    augment: Vec<Transform>,
}

/// Random resized crop, flip, RandAugment and random erasing: what timm's and
/// torchvision's training recipes of 2021 and later have.
const MODERN: &str = r#"
    [[augment]]
    kind = "random_resized_crop"
    scale = [0.35, 1.0]

    [[augment]]
    kind = "horizontal_flip"

    [[augment]]
    kind = "rand_augment"
    interpolation = "bilinear"
    fill = [124, 116, 104]

    [[augment]]
    kind = "random_erasing"
    probability = 0.25
    mode = "pixel"
"#;

/// The blog post's.
const BLOG: &str = r#"
    [[augment]]
    kind = "resize"

    [[augment]]
    kind = "horizontal_flip"

    [[augment]]
    kind = "vertical_flip"

    [[augment]]
    kind = "grid_distortion"
    probability = 0.2

    [[augment]]
    kind = "elastic_transform"
    probability = 0.2
"#;

/// Only what single transforms cost, on images of 224 px.
const SINGLE: [&str; 12] = [
    "kind = 'horizontal_flip'\nprobability = 1",
    "kind = 'shift'",
    "kind = 'affine'\ndegrees = 30",
    "kind = 'affine'\ndegrees = 30\ninterpolation = 'bilinear'",
    "kind = 'random_resized_crop'",
    "kind = 'color_jitter'\nbrightness = 0.4\ncontrast = 0.4\nsaturation = 0.4",
    "kind = 'color_jitter'\nhue = 0.1",
    "kind = 'grid_distortion'\nprobability = 1",
    "kind = 'elastic_transform'\nprobability = 1",
    "kind = 'rand_augment'\ninterpolation = 'bilinear'",
    "kind = 'trivial_augment_wide'",
    "kind = 'random_erasing'\nprobability = 1\nmode = 'pixel'",
];

const SIDE: usize = 224;

fn network() -> Preprocessing {
    Preprocessing {
        resize: Resize::OpencvCubic,
        height: SIDE,
        width: SIDE,
        scale: 1.0 / 255.0,
        mean: [0.485, 0.456, 0.406],
        std: [0.229, 0.224, 0.225],
    }
}

/// A smooth picture with some texture.
fn picture([height, width]: [usize; 2]) -> Image {
    let pixels = (0..height * width * 3)
        .map(|i| ((i / 3 % width + i / 3 / width * 2) * (i % 3 + 1) + i * i % 13) as u8)
        .collect();
    Image::new([height, width], pixels)
}

/// Images a second. Each image is timed several times and the shortest time
/// counts, as other programs only slow down.
fn rate(augmentation: &Augmentation, source: [usize; 2], images: usize) -> f64 {
    let picture = picture(source);
    let normalise = Preprocessor::new([SIDE, SIDE], &network());
    let mut floats = vec![0.0; normalise.output_len()];
    let mut seconds = |index| {
        // A decoder would have made it.
        let decoded = picture.clone();
        let start = Instant::now();
        let image = augmentation.apply(decoded, 0, index);
        normalise.run(&image.pixels, &mut floats);
        black_box(&floats);
        start.elapsed().as_secs_f64()
    };
    let mut shortest = |index| (0..5).map(|_| seconds(index)).fold(f64::INFINITY, f64::min);
    images as f64 / (0..images).map(&mut shortest).sum::<f64>()
}

fn augmentation(transforms: Vec<Transform>) -> Augmentation {
    Augmentation::new(transforms, &network(), 0).expect("values in range")
}

fn main() {
    let recipe = |text| {
        let recipe: Recipe = toml::from_str(text).expect("a recipe");
        augmentation(recipe.augment)
    };
    println!("images/s on one core, {SIDE} px, normalisation included");
    println!(
        "modern, from 32x32:   {:6.0}",
        rate(&recipe(MODERN), [32, 32], 500)
    );
    println!(
        "modern, from 375x500: {:6.0}",
        rate(&recipe(MODERN), [375, 500], 500)
    );
    println!(
        "blog, from 32x32:     {:6.0}",
        rate(&recipe(BLOG), [32, 32], 200)
    );
    println!(
        "nothing:              {:6.0}",
        rate(&augmentation(vec![]), [SIDE, SIDE], 100)
    );
    for text in SINGLE {
        let transform = toml::from_str(text).expect("a transform");
        let rate = rate(&augmentation(vec![transform]), [SIDE, SIDE], 100);
        println!("{rate:7.0}  {}", text.replace('\n', ", "));
    }
}
