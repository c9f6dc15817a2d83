//! Golden test: the bytes of Pillow's `Image.resize`.
//! The fixtures' README says how they were made.
#![expect(clippy::unwrap_used, reason = "a test may panic")]

use std::fs;
use std::io::Read;
use std::path::PathBuf;

use contract::preprocess::{PillowFilter, Rectangle, fit, resize, resize_pillow};
use contract::{Fit, Resize};
use serde::Deserialize;

/// What Pillow was asked for: a crop of `part` that is resized, or the picture resized
/// to `shorter_side` and its centre cut out.
#[derive(Debug, Deserialize)]
struct Case {
    picture: String,
    size: [usize; 2],
    to: [usize; 2],
    part: Option<[usize; 4]>,
    filter: Option<String>,
    shorter_side: Option<usize>,
}

fn fixture(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("tests/fixtures")
        .join(name)
}

/// `picture` of the script.
fn picture(kind: &str, [height, width]: [usize; 2]) -> Vec<u8> {
    let mut pixels = Vec::with_capacity(height * width * 3);
    for y in 0..height as u32 {
        for x in 0..width as u32 {
            for channel in 0..3_u32 {
                let mut mixed = y
                    .wrapping_mul(0x9E37_79B1)
                    .wrapping_add(x.wrapping_mul(0x85EB_CA77))
                    .wrapping_add(channel.wrapping_mul(0xC2B2_AE3D));
                mixed ^= mixed >> 15;
                let noise = mixed.wrapping_mul(0x2C1B_3C6D) >> 24;
                let level = match kind {
                    "noise" => noise,
                    "edges" if noise < 128 => 0,
                    "edges" => 255,
                    "waves" => {
                        let place = (3 * x + 5 * y + 97 * channel) % 510;
                        (3 * place.min(510 - place) + noise) / 4
                    }
                    other => panic!("no picture {other}"),
                };
                pixels.push(level as u8);
            }
        }
    }
    pixels
}

fn resized(case: &Case) -> Vec<u8> {
    let pixels = picture(&case.picture, case.size);
    if let Some(shorter_side) = case.shorter_side {
        let crop = Fit::CenterCrop { shorter_side };
        return fit(&pixels, case.size, &crop, Resize::PillowBicubic, case.to);
    }
    let [top, left, height, width] = case.part.unwrap();
    let part = Rectangle {
        top,
        left,
        height,
        width,
    };
    let filter = match case.filter.as_deref() {
        Some("bilinear") => PillowFilter::Bilinear,
        Some("bicubic") => PillowFilter::Bicubic,
        other => panic!("no filter {other:?}"),
    };
    let found = resize_pillow(&pixels, case.size, part, case.to, filter);
    if filter == PillowFilter::Bicubic && part == Rectangle::whole(case.size) {
        let by_kernel = resize(&pixels, case.size, case.to, Resize::PillowBicubic);
        assert_eq!(by_kernel, found, "{case:?}");
    }
    found
}

#[test]
fn every_byte_is_pillow_s() {
    let cases = fs::read_to_string(fixture("pillow.json")).unwrap();
    let cases: Vec<Case> = serde_json::from_str(&cases).unwrap();
    let mut expected = Vec::new();
    flate2::read::GzDecoder::new(fs::File::open(fixture("pillow.bin.gz")).unwrap())
        .read_to_end(&mut expected)
        .unwrap();
    let mut rest = &expected[..];
    for case in &cases {
        let (expected, after) = rest.split_at(case.to[0] * case.to[1] * 3);
        rest = after;
        let found = resized(case);
        assert_eq!(found.len(), expected.len());
        let pairs = found.iter().zip(expected);
        let differ = pairs.filter(|(found, expected)| found != expected).count();
        assert_eq!(differ, 0, "of {} bytes differ: {case:?}", expected.len());
    }
    assert!(rest.is_empty() && cases.len() > 30);
}
