//! The check that every export passes before it is called done: ONNX Runtime
//! gives on real images what burn gave.

use std::{path::Path, time::Instant};

use burn::{module::Module, tensor::Device};
use contract::preprocess::Preprocessor;
use dataset::Split;
use infer::{
    Classifier, EvaluateOptions, EvaluationOutcome, InferError, RunFacts, RunningOutcome,
    results::ValidationLogits,
};

use super::{
    Gate, Precision,
    accuracy::{check_accuracy, fitted, input, logits, top1_on_processor},
    ties::has_ties,
    to_onnx,
};
use crate::{
    checkpoint::Checkpoint,
    error::TrainError,
    model::{EfficientNet, EfficientNetConfig},
};

/// Images whose logits are compared one by one.
const COMPARED_IMAGES: usize = 256;
/// Batch that the symbolic dimension is tried with; 1 is the other.
const BATCH: usize = 8;
/// Largest difference of a logit, absolute for logits up to [`USUAL_LOGIT`] and relative to the
/// image's largest one beyond: float32 rounds by the size of what it holds.
const LOGIT_TOLERANCE: f64 = 1e-3;
/// See [`LOGIT_TOLERANCE`].
const USUAL_LOGIT: f64 = 10.0;
/// The same for a picture whose upscaled pixels lie on rounding halves, where
/// the graph and the host may see neighbouring levels (see [`super::ties`]).
const TIE_TOLERANCE: f64 = 0.05;
/// Any difference but NaN: a lower precision is held to its accuracy.
const ANY_DIFFERENCE: f64 = f64::INFINITY;

/// What the exported model answers on the images that it is checked on.
#[derive(Debug, Clone)]
pub struct Answers {
    /// Its scores and predictions.
    pub outcome: EvaluationOutcome,
    /// Its logits.
    pub logits: ValidationLogits,
    /// What ran it.
    pub run: RunFacts,
}

/// What the check measured.
#[derive(Debug, Clone)]
pub struct ExportCheck {
    /// Images whose logits were compared.
    pub compared: usize,
    /// Those of them that differ by more than 1e-3 because an upscaled pixel
    /// lies on a rounding half.
    pub rounding_ties: usize,
    /// Largest absolute difference of a logit between burn and ONNX Runtime
    /// on the others.
    pub largest_difference: f64,
    /// Top-1 accuracy of burn on the same images (for a lower precision else the
    /// float32 export's), where it is known.
    pub burn_top1: Option<f64>,
    /// What ONNX Runtime answered on all images.
    pub answers: Answers,
    /// Duration of the check in seconds.
    pub seconds: f64,
}

/// Compares the ONNX file in `bytes` with the network of `checkpoint`, from
/// which it was exported, on `images`. `burn_top1` is the accuracy that burn
/// measured on the same images, where it is known.
///
/// burn runs on the processor whatever device trained: GPUs multiply float32
/// matrices in lower precision (TF32). So the accuracy is measured there too
/// where it is another one than `burn_top1`, before the export is refused.
///
/// # Errors
/// ONNX Runtime is missing or refuses the file. In float32: a logit differs by
/// 1e-3 or more (of logits above 10 by a ten-thousandth of the largest;
/// pictures with rounding ties excepted, see [`ExportCheck::rounding_ties`]),
/// or the accuracy is another one. In a lower precision: the accuracy falls by
/// more than `gate` allows.
pub fn verify(
    bytes: &[u8],
    checkpoint: &Checkpoint,
    config: &EfficientNetConfig,
    gate: &Gate,
    images: &Split,
    burn_top1: Option<f64>,
    runtime: Option<&Path>,
) -> Result<ExportCheck, TrainError> {
    let started = Instant::now();
    let builder = || {
        Classifier::builder()
            .device(infer::Device::Cpu)
            .runtime(runtime.map(Path::to_owned))
    };
    let classifier = builder().from_bytes(bytes.to_vec())?;
    let model = config
        .init(&Device::flex())
        .with_tensors(checkpoint.tensors.clone())?
        .valid();
    let comparison = compare_logits(&classifier, checkpoint, &model, gate.precision, images)?;
    let answers = answers(&classifier, images)?;
    let expected = match (burn_top1, gate.precision) {
        (None, Precision::Fp16) => {
            let exact = to_onnx(checkpoint, config, Precision::Fp32).to_bytes();
            let exact = builder().from_bytes(exact)?;
            let options = EvaluateOptions::default();
            let outcome = infer::evaluate(&exact, images, &options, &|_| {})?;
            Some(outcome.evaluation.top1)
        }
        (known, _) => known,
    };
    let onnx_top1 = answers.outcome.evaluation.top1;
    let check = |expected| check_accuracy(onnx_top1, expected, images.len(), gate);
    let expected = match (expected, gate.precision) {
        (Some(measured), Precision::Fp32) if check(measured).is_err() => {
            let expected = top1_on_processor(&model, &checkpoint.contract, images)?;
            check(expected)?;
            Some(expected)
        }
        (Some(measured), _) => {
            check(measured)?;
            Some(measured)
        }
        (None, _) => None,
    };
    Ok(ExportCheck {
        compared: comparison.compared,
        rounding_ties: comparison.rounding_ties,
        largest_difference: comparison.largest_difference,
        burn_top1: expected,
        answers,
        seconds: started.elapsed().as_secs_f64(),
    })
}

/// Runs the model on all `images`.
fn answers(classifier: &Classifier, images: &Split) -> Result<Answers, TrainError> {
    let options = EvaluateOptions::default();
    let mut running = RunningOutcome::new(&classifier.contract().classes);
    let mut logits = ValidationLogits::default();
    let times = infer::evaluate_each(classifier, images, &options, &mut |answer| {
        running.add(answer);
        logits.add(answer);
        Ok::<(), InferError>(())
    })?;
    Ok(Answers {
        outcome: running.finish(times),
        logits,
        run: RunFacts::new(classifier, &options),
    })
}

#[derive(Default)]
struct Comparison {
    compared: usize,
    rounding_ties: usize,
    largest_difference: f64,
}

fn compare_logits(
    classifier: &Classifier,
    checkpoint: &Checkpoint,
    model: &EfficientNet,
    precision: Precision,
    split: &Split,
) -> Result<Comparison, TrainError> {
    let contract = &checkpoint.contract;
    let input = input(contract);
    let preprocessor = Preprocessor::new(input, &contract.preprocessing);
    let classes = contract.classes.len();
    let compared = COMPARED_IMAGES.min(split.len());
    let mut comparison = Comparison {
        compared,
        ..Comparison::default()
    };
    // Evenly over the split, which may be sorted by class.
    let indices: Vec<usize> = (0..compared).map(|i| i * split.len() / compared).collect();
    for (number, indices) in indices.chunks(BATCH).enumerate() {
        let pixels = fitted(split, indices, contract)?;
        let expected = logits(model, &preprocessor, contract, &pixels);
        // Every other batch goes one image at a time.
        let found = if number % 2 == 0 {
            classifier.classify_batch(&pixels)?
        } else {
            pixels
                .chunks(contract.input_len())
                .map(|pixels| classifier.classify_pixels(pixels))
                .collect::<Result<_, _>>()?
        };
        let pictures = pixels.chunks(contract.input_len());
        for (((expected, found), pixels), index) in expected
            .chunks(classes)
            .zip(&found)
            .zip(pictures)
            .zip(indices)
        {
            let image = split.describe(*index);
            if precision == Precision::Fp16 {
                let difference = compare(expected, &found.logits, ANY_DIFFERENCE, &image)
                    .map_err(|_| TrainError::PrecisionOverflow { image })?;
                comparison.largest_difference = comparison.largest_difference.max(difference);
                continue;
            }
            match compare(expected, &found.logits, tolerance(expected), &image) {
                Ok(difference) => {
                    comparison.largest_difference = comparison.largest_difference.max(difference);
                }
                Err(_) if has_ties(pixels, input, &contract.preprocessing) => {
                    compare(expected, &found.logits, TIE_TOLERANCE, &image)?;
                    comparison.rounding_ties += 1;
                }
                Err(error) => return Err(error),
            }
        }
    }
    if 4 * comparison.rounding_ties > compared {
        return Err(TrainError::ExportCheck {
            reason: format!(
                "logits of {} of {compared} images differ by more than {LOGIT_TOLERANCE:.0e}, too many for rounding ties",
                comparison.rounding_ties
            ),
        });
    }
    Ok(comparison)
}

/// Largest difference that float noise makes in a row of logits.
fn tolerance(expected: &[f32]) -> f64 {
    let sizes = expected.iter().map(|logit| f64::from(logit.abs()));
    LOGIT_TOLERANCE * (sizes.fold(0.0, f64::max) / USUAL_LOGIT).max(1.0)
}

/// Largest difference between two rows of logits.
///
/// # Errors
/// It is `tolerance` or more, or not a number.
fn compare(
    expected: &[f32],
    found: &[f32],
    tolerance: f64,
    image: &str,
) -> Result<f64, TrainError> {
    let differences = || {
        expected
            .iter()
            .zip(found)
            .map(|(a, b)| f64::from((a - b).abs()))
    };
    let difference = differences().fold(0.0, f64::max);
    // `max` passes over a NaN.
    if difference >= tolerance || differences().any(f64::is_nan) {
        return Err(TrainError::ExportCheck {
            reason: format!(
                "logits of {image} differ by {difference:.2e}, expected less than {tolerance:.0e}"
            ),
        });
    }
    Ok(difference)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn strictly(expected: &[f32], found: &[f32]) -> Result<f64, TrainError> {
        compare(expected, found, tolerance(expected), "x")
    }

    #[test]
    fn small_noise_passes() {
        assert!(strictly(&[1.0, 2.0], &[1.0, 2.0001]).unwrap() > 0.0);
        // A tie within the noise is none of the export's faults.
        assert!(strictly(&[1.0, 1.0001], &[1.0002, 1.0]).is_ok());
    }

    #[test]
    fn large_logits_may_differ_by_more() {
        assert!(strictly(&[-25.0, 20.0], &[-25.0, 20.002]).is_ok());
        assert!(strictly(&[-25.0, 20.0], &[-25.0, 20.003]).is_err());
        assert!(strictly(&[-9.0, 8.0], &[-9.0, 8.0015]).is_err());
    }

    #[test]
    fn a_difference_and_nan_fail() {
        assert!(strictly(&[1.0, 2.0], &[1.0, 2.01]).is_err());
        assert!(strictly(&[1.0, 2.0], &[f32::NAN, 2.0]).is_err());
        assert!(strictly(&[1.0, 2.0], &[1.0, f32::NAN]).is_err());
        assert!(compare(&[1.0], &[f32::NAN], ANY_DIFFERENCE, "x").is_err());
    }
}
