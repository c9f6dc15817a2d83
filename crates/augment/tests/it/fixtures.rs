//! The golden files; their README says how they were made.

use std::collections::HashMap;
use std::io::Read;
use std::path::PathBuf;

use augment::Image;
use contract::{Preprocessing, Resize};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

fn path(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("tests/fixtures")
        .join(name)
}

/// A JSON file.
pub fn read_json<T: DeserializeOwned>(name: &str) -> T {
    serde_json::from_str(&std::fs::read_to_string(path(name)).unwrap()).unwrap()
}

/// What a library made of an image.
pub struct Case {
    pub source: String,
    pub parameters: Value,
    pub expected: Image,
}

/// The images that cases start from, by name, and all cases.
pub fn read_cases() -> (HashMap<String, Image>, Vec<Case>) {
    #[derive(Deserialize)]
    struct File {
        sources: Vec<Source>,
        cases: Vec<Output>,
    }
    #[derive(Deserialize)]
    struct Source {
        name: String,
        size: [usize; 2],
    }
    #[derive(Deserialize)]
    struct Output {
        source: String,
        size: [usize; 2],
        #[serde(flatten)]
        parameters: Value,
    }
    let mut bytes = Vec::new();
    let file = std::fs::File::open(path("images.bin.gz")).unwrap();
    flate2::read::GzDecoder::new(file)
        .read_to_end(&mut bytes)
        .unwrap();
    let mut rest = &bytes[..];
    let mut image = |size: [usize; 2]| {
        let (pixels, after) = rest.split_at(size[0] * size[1] * 3);
        rest = after;
        Image::new(size, pixels.to_vec())
    };
    let File { sources, cases } = read_json("cases.json");
    let sources = sources
        .into_iter()
        .map(|source| (source.name, image(source.size)))
        .collect();
    let cases = cases
        .into_iter()
        .map(|case| Case {
            source: case.source,
            parameters: case.parameters,
            expected: image(case.size),
        })
        .collect();
    assert!(rest.is_empty(), "{} bytes too many", rest.len());
    (sources, cases)
}

/// A network with ImageNet's normalisation.
pub fn network(height: usize, width: usize) -> Preprocessing {
    Preprocessing {
        resize: Resize::OpencvCubic,
        height,
        width,
        scale: 1.0 / 255.0,
        mean: [0.485, 0.456, 0.406],
        std: [0.229, 0.224, 0.225],
    }
}
