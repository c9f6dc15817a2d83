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

/// A network that sees square images of `side` pixels.
fn network(side: usize) -> Preprocessing {
    Preprocessing {
        resize: Resize::OpencvCubic,
        height: side,
        width: side,
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
    let augmented = augmentation.apply(picture.clone(), 0, 0).size();
    let normalise = Preprocessor::new(augmented, &network(SIDE));
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

/// The transforms of `text` for a network that sees `side` pixels.
fn recipe(text: &str, side: usize) -> Augmentation {
    let recipe: Recipe = toml::from_str(text).expect("a recipe");
    Augmentation::new(recipe.augment, &network(side), 0).expect("values in range")
}

fn main() {
    println!("images/s on one core, {SIDE} px, upscale and normalisation included");
    for (name, text, side, source) in [
        ("modern, from 32x32 pixels", MODERN, SIDE, [32, 32]),
        ("modern, from 375x500 pixels", MODERN, SIDE, [375, 500]),
        ("modern at 32x32, then upscaled", MODERN, 32, [32, 32]),
        ("blog, from 32x32 pixels", BLOG, SIDE, [32, 32]),
        ("nothing, from 32x32 pixels", "augment = []", SIDE, [32, 32]),
        (
            "nothing, of 224x224 pixels",
            "augment = []",
            SIDE,
            [SIDE, SIDE],
        ),
    ] {
        println!("{:7.0}  {name}", rate(&recipe(text, side), source, 500));
    }
    println!("single transforms of 224x224 pixels");
    for text in SINGLE {
        let augmentation = recipe(&format!("[[augment]]\n{text}"), SIDE);
        let rate = rate(&augmentation, [SIDE, SIDE], 100);
        println!("{rate:7.0}  {}", text.replace('\n', ", "));
    }
}
