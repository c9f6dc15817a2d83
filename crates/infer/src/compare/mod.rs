//! Two models on the same images: do they agree, which is better, which is
//! faster?

mod side_by_side;
mod tally;

use dataset::Split;
use metrics::McNemar;
use serde::Serialize;

use crate::selection::{check_labels, spaced};
use crate::{Classifier, InferError};
use side_by_side::SideBySide;
use tally::Tally;

/// How to run [`compare`].
#[derive(Debug, Clone, Default)]
pub struct CompareOptions {
    /// Images a run; default [`Classifier::default_batch_size`] of each model. 0
    /// counts as 1.
    pub batch_size: Option<usize>,
    /// Compare on this many images only, evenly spaced over the split.
    pub limit: Option<usize>,
}

/// What [`compare`] returns. Pairs are the first model's and the second's.
#[derive(Debug, Clone, Serialize)]
pub struct Comparison {
    /// Images compared on.
    pub images: usize,
    /// Share of images for which both predict the same class, in `[0, 1]`.
    pub agreement: f64,
    /// Top-1 accuracy, in `[0, 1]`.
    pub accuracy: [f64; 2],
    /// Whether the accuracies differ by more than chance.
    pub mcnemar: McNemar,
    /// How far the logits are apart.
    pub logits: LogitDifference,
    /// How fast they are.
    pub speed: Speed,
    /// The images on which they disagree, in the split's order.
    pub disagreements: Vec<Disagreement>,
}

/// Absolute difference of two models' logits, over all images and classes.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize)]
pub struct LogitDifference {
    /// The largest.
    pub max: f64,
    /// The mean.
    pub mean: f64,
}

/// Throughput of two models that ran in turn on the same prepared images.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Speed {
    /// Images a second, without decoding.
    pub images_per_second: [f64; 2],
    /// The second's throughput by the first's: the median over the blocks of
    /// images, so that a moment of other load does not count.
    pub ratio: f64,
}

/// An image that two models take for different classes.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Disagreement {
    /// Index of the image in the split.
    pub index: usize,
    /// Its true class.
    pub label: usize,
    /// The predicted classes.
    pub predicted: [usize; 2],
    /// Their probabilities, in `[0, 1]`.
    pub probability: [f32; 2],
}

/// Runs two models on a split, block by block in turn, and compares their
/// answers. Each image is decoded once and brought to the input size of each
/// model. `on_progress` is told the number of images done.
///
/// # Errors
/// [`InferError::DifferentClasses`] unless both have the same classes in the
/// same order, [`InferError::Label`] for a label without class,
/// [`InferError::Dataset`] for an image that cannot be read, or what ONNX
/// Runtime answers.
///
/// ```
/// use std::path::Path;
/// use dataset::{OpenOptions, Source};
/// use infer::{Classifier, CompareOptions, Device, compare};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let classifier = Classifier::builder()
/// #     .device(Device::Cpu)
/// #     .from_file(Path::new("tests/fixtures/digits.onnx"))?;
/// let digits = dataset::open(&Source::Digits, &OpenOptions::default())?;
/// let options = CompareOptions { limit: Some(50), ..CompareOptions::default() };
/// let test = digits.test.expect("the digits have one");
/// let comparison = compare(&classifier, &classifier, &test, &options, &|_| ())?;
/// assert_eq!(comparison.agreement, 1.0);
/// # Ok(())
/// # }
/// ```
pub fn compare(
    first: &Classifier,
    second: &Classifier,
    split: &Split,
    options: &CompareOptions,
    on_progress: &dyn Fn(usize),
) -> Result<Comparison, InferError> {
    check_same_classes(first, second)?;
    let indices = spaced(split.len(), options.limit);
    check_labels(first, split, &indices)?;

    let mut runs = SideBySide::new([first, second], options.batch_size);
    let mut tally = Tally::new(first.contract().classes.len());
    for block in indices.chunks(runs.block_size()) {
        let scores = runs.run(split, block)?;
        tally.add(block, split, &scores);
        on_progress(tally.images());
    }
    Ok(tally.finish(runs.speed()))
}

fn check_same_classes(first: &Classifier, second: &Classifier) -> Result<(), InferError> {
    let [ours, theirs] = [first, second].map(|model| &model.contract().classes);
    let difference = match ours.iter().zip(theirs).position(|(a, b)| a != b) {
        Some(i) => format!("class {i} is `{}` and `{}`", ours[i], theirs[i]),
        None if ours.len() != theirs.len() => {
            format!("{} and {} classes", ours.len(), theirs.len())
        }
        None => return Ok(()),
    };
    Err(InferError::DifferentClasses { difference })
}
