//! Optical recognition of handwritten digits (E. Alpaydin, C. Kaynak, 1998, UCI
//! Machine Learning Repository, doi 10.24432/C50P49, CC BY 4.0): 1 797 images,
//! 8x8 grey levels, 10 classes, as scikit-learn's `load_digits` has them.
//!
//! Embedded in the program, so that everything can be tried without a download.
//! The data set has no official test split in this form; ours is fixed: 20 %,
//! stratified, with [`TEST_SEED`]. [`Dataset::sha256`] is that of the embedded
//! file, `digits.csv.gz`, byte for byte scikit-learn's.

use std::io::Read;
use std::path::PathBuf;

use flate2::read::GzDecoder;

use crate::{Copies, Dataset, DatasetError, Split, stratified_split};

/// Share of the images in the test split.
pub const TEST_FRACTION: f64 = 0.2;
/// Seed of the test split: the year the data set was given to UCI.
pub const TEST_SEED: u64 = 1998;

/// `sklearn/datasets/data/digits.csv.gz`; see `assets/README.md`.
const ASSET: &[u8] = include_bytes!("../assets/digits.csv.gz");
const SIDE: usize = 8;
const CLASSES: usize = 10;
/// The largest grey level: the number of pixels in the 4x4 block of the scanned
/// bitmap that a value counts.
const MAX_LEVEL: u32 = 16;

/// Opens the digits: `train` (1 438 images) and `test` (359), classes `"0"` to
/// `"9"`, 8x8 RGB with three equal channels. A level `v` of 0..=16 becomes
/// `v * 255 / 16`, rounded, halves up.
pub(crate) fn open() -> Result<Dataset, DatasetError> {
    let (pixels, labels) = parse(ASSET)?;
    let classes: Vec<String> = (0..CLASSES).map(|digit| digit.to_string()).collect();
    let parts = stratified_split(&labels, &classes, TEST_FRACTION, TEST_SEED)?;
    let all = Split::in_memory("digits", [SIDE, SIDE], pixels, labels);
    Ok(Dataset {
        name: "digits".into(),
        classes,
        superclasses: None,
        copies: Copies::None,
        test_fraction: None,
        sha256: contract::fs::sha256_hex(ASSET),
        train: all.subset(&parts.train),
        val: None,
        test: Some(all.subset(&parts.val)),
        notes: Vec::new(),
    })
}

/// Rows of 64 levels and a label, separated by commas.
fn parse(gz: &[u8]) -> Result<(Vec<u8>, Vec<usize>), DatasetError> {
    let corrupt = |reason: String| DatasetError::Corrupt {
        path: PathBuf::from("digits.csv.gz (embedded)"),
        reason,
    };
    let mut text = String::new();
    GzDecoder::new(gz)
        .read_to_string(&mut text)
        .map_err(|error| corrupt(error.to_string()))?;
    let (mut pixels, mut labels) = (Vec::new(), Vec::new());
    for (row, line) in text.lines().enumerate() {
        let values: Vec<u32> = line
            .split(',')
            .map(str::parse)
            .collect::<Result<_, _>>()
            .map_err(|error| corrupt(format!("row {row}: {error}")))?;
        match values.split_last() {
            Some((&label, levels))
                if levels.len() == SIDE * SIDE
                    && (label as usize) < CLASSES
                    && levels.iter().all(|&level| level <= MAX_LEVEL) =>
            {
                pixels.extend(levels.iter().flat_map(|&level| [grey(level); 3]));
                labels.push(label as usize);
            }
            _ => return Err(corrupt(format!("row {row} is no image with a label"))),
        }
    }
    Ok((pixels, labels))
}

/// `level * 255 / 16` rounded, halves up; at most 255.
fn grey(level: u32) -> u8 {
    ((level * 255 + MAX_LEVEL / 2) / MAX_LEVEL) as u8
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::Compression;
    use flate2::write::GzEncoder;

    use super::*;

    #[test]
    fn has_the_images_of_scikit_learn() {
        let digits = open().unwrap();
        // `tools/golden/digits.py` checks the same hash against the wheel.
        assert_eq!(
            digits.sha256,
            "09f66e6debdee2cd2b5ae59e0d6abbb73fc2b0e0185d2e1957e9ebb51e23aa22"
        );
        let test = digits.test.unwrap();
        assert_eq!((digits.train.len(), test.len()), (1438, 359));
        // `numpy.bincount(load_digits().target)`.
        let counts = [178, 182, 177, 183, 181, 182, 181, 179, 174, 180];
        for (class, &count) in counts.iter().enumerate() {
            let of = |split: &Split| split.labels().iter().filter(|&&l| l == class).count();
            assert_eq!(of(&digits.train) + of(&test), count);
            assert!((of(&test) as f64 - count as f64 * 0.2).abs() < 1.0);
        }
    }

    #[test]
    fn reads_the_first_row() {
        let (pixels, labels) = parse(ASSET).unwrap();
        // `load_digits().target[:5]`, and `load_digits().images[0][0]`, which
        // is 0 0 5 13 9 1 0 0.
        assert_eq!(labels[..5], [0, 1, 2, 3, 4]);
        let first: Vec<u8> = pixels[..24].iter().step_by(3).copied().collect();
        assert_eq!(first, [0, 0, 80, 207, 143, 16, 0, 0]);
        assert!(pixels.chunks(3).all(|p| p[0] == p[1] && p[1] == p[2]));
    }

    #[test]
    fn scales_grey_levels_to_bytes() {
        for level in 0..=MAX_LEVEL {
            let exact = f64::from(level) * 255.0 / 16.0;
            assert_eq!(f64::from(grey(level)), exact.round(), "{level}");
        }
    }

    /// Every machine and every version must judge by the same images.
    #[test]
    fn the_test_split_is_fixed() {
        let test = open().unwrap().test.unwrap();
        let rows: Vec<String> = (0..test.len())
            .map(|i| test.describe(i).replace("digits #", ""))
            .collect();
        // From `tests/golden/stratified_split.py`.
        assert_eq!(rows[..4], ["1", "2", "8", "10"]);
        assert_eq!(
            contract::fs::sha256_hex(rows.join(",").as_bytes()),
            "9a95cab6214cbd762c028a81149211a936ff5a01ae5b88485fb4e2ad712ec9c1"
        );
    }

    #[test]
    fn refuses_damaged_rows() {
        for row in [
            "",
            "1,2,3",
            "a",
            &format!("{}17,3", "0,".repeat(63)),
            &"0,".repeat(64),
        ] {
            let mut gz = GzEncoder::new(Vec::new(), Compression::fast());
            writeln!(gz, "{row}").unwrap();
            let result = parse(&gz.finish().unwrap());
            assert!(matches!(result, Err(DatasetError::Corrupt { .. })), "{row}");
        }
    }
}
