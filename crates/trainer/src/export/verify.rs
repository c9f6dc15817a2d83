//! The check that every export passes before it is called done: ONNX Runtime
//! gives on real images what burn gave.

use std::{path::Path, time::Instant};

use burn::tensor::{Device, Tensor, TensorData};
use contract::preprocess::{self, Preprocessor};
use dataset::Split;
use infer::{Classifier, EvaluateOptions};

use crate::{
    checkpoint::Checkpoint,
    error::TrainError,
    model::EfficientNet,
};

/// Images whose logits are compared one by one.
const COMPARED_IMAGES: usize = 64;
/// Batch that the symbolic dimension is tried with; 1 is the other.
const BATCH: usize = 8;
/// Largest absolute difference of a logit.
const LOGIT_TOLERANCE: f64 = 1e-3;
/// Largest difference in validation accuracy: ties that float noise decides.
const ACCURACY_TOLERANCE: f64 = 1e-3;

/// What the check measured.
#[derive(Debug, Clone, PartialEq)]
pub struct ExportCheck {
    /// Images whose logits were compared.
    pub compared: usize,
    /// Largest absolute difference of a logit between burn and ONNX Runtime.
    pub largest_difference: f64,
    /// Top-1 accuracy of burn on the validation split, when it was trained.
    pub burn_top1: Option<f64>,
    /// Top-1 accuracy of ONNX Runtime on the validation split.
    pub onnx_top1: f64,
    /// Images of the validation split.
    pub val_images: usize,
    /// Duration of the check in seconds.
    pub seconds: f64,
}

/// Compares the ONNX file in `bytes` with `model` (made with `valid()`), from which
/// it was exported, on the validation split.
///
/// # Errors
/// ONNX Runtime is missing or refuses the file, a logit differs by more than
/// 1e-3, a predicted class differs, or the accuracy is another one.
pub fn verify(
    bytes: &[u8],
    checkpoint: &Checkpoint,
    model: &EfficientNet,
    val: &Split,
    device: &Device,
    runtime: Option<&Path>,
) -> Result<ExportCheck, TrainError> {
    let started = Instant::now();
    let classifier = Classifier::builder()
        .device(infer::Device::Cpu)
        .runtime(runtime.map(Path::to_owned))
        .from_bytes(bytes.to_vec())?;
    let (compared, largest_difference) =
        compare_logits(&classifier, checkpoint, model, val, device)?;
    let outcome = infer::evaluate(&classifier, val, &EvaluateOptions::default(), &|_| {})?;
    let onnx_top1 = outcome.evaluation.top1;
    let burn_top1 = checkpoint.contract.training.metrics.get("val_top1").copied();
    if let Some(burn_top1) = burn_top1
        // Another validation split (`trainer export --dataset`) has another accuracy.
        && val.len() == checkpoint.contract.training.dataset.val
        && (onnx_top1 - burn_top1).abs() > ACCURACY_TOLERANCE
    {
        return Err(TrainError::ExportCheck {
            reason: format!(
                "top-1 on {} validation images is {onnx_top1:.4} through ONNX Runtime, {burn_top1:.4} in burn",
                val.len()
            ),
        });
    }
    Ok(ExportCheck {
        compared,
        largest_difference,
        burn_top1,
        onnx_top1,
        val_images: val.len(),
        seconds: started.elapsed().as_secs_f64(),
    })
}

fn compare_logits(
    classifier: &Classifier,
    checkpoint: &Checkpoint,
    model: &EfficientNet,
    val: &Split,
    device: &Device,
) -> Result<(usize, f64), TrainError> {
    let contract = &checkpoint.contract;
    let input = [contract.input.height, contract.input.width];
    let preprocessor = Preprocessor::new(input, &contract.preprocessing);
    let classes = contract.classes.len();
    let compared = COMPARED_IMAGES.min(val.len());
    let mut largest = 0.0f64;
    // Evenly over the split, which may be sorted by class.
    let indices: Vec<usize> = (0..compared).map(|i| i * val.len() / compared).collect();
    for (number, indices) in indices.chunks(BATCH).enumerate() {
        let mut pixels = Vec::new();
        for &index in indices {
            let picture = val.image(index)?;
            let size = [picture.height, picture.width];
            pixels.extend(preprocess::fit(&picture.pixels, size, &contract.fit, input));
        }
        let images = TensorData::new(
            preprocessor.batch(&pixels),
            [
                indices.len(),
                3,
                contract.preprocessing.height,
                contract.preprocessing.width,
            ],
        );
        let expected: Vec<f32> = model
            .forward(Tensor::from_data(images, device))
            .into_data()
            .iter::<f32>()
            .collect();
        // Every other batch goes one image at a time.
        let found = if number % 2 == 0 {
            classifier.classify_batch(&pixels)?
        } else {
            pixels
                .chunks(contract.input_len())
                .map(|pixels| classifier.classify_pixels(pixels))
                .collect::<Result<_, _>>()?
        };
        for ((expected, found), index) in expected.chunks(classes).zip(&found).zip(indices) {
            largest = largest.max(compare(expected, &found.logits, &val.describe(*index))?);
        }
    }
    Ok((compared, largest))
}

/// Largest difference between two rows of logits.
fn compare(expected: &[f32], found: &[f32], image: &str) -> Result<f64, TrainError> {
    let differences = || expected.iter().zip(found).map(|(a, b)| f64::from((a - b).abs()));
    let difference = differences().fold(0.0, f64::max);
    // `max` passes over a NaN.
    if difference >= LOGIT_TOLERANCE || differences().any(f64::is_nan) {
        return Err(TrainError::ExportCheck {
            reason: format!(
                "logits of {image} differ by {difference:.2e}, expected less than {LOGIT_TOLERANCE:.0e}"
            ),
        });
    }
    let (expected, found) = (metrics::argmax(expected), metrics::argmax(found));
    if expected != found {
        return Err(TrainError::ExportCheck {
            reason: format!("{image} is class {expected} in burn, class {found} through ONNX Runtime"),
        });
    }
    Ok(difference)
}

#[cfg(test)]
mod tests {
    use super::compare;

    #[test]
    fn small_noise_passes() {
        assert!(compare(&[1.0, 2.0], &[1.0, 2.0001], "x").unwrap() > 0.0);
    }

    #[test]
    fn difference_nan_and_another_class_fail() {
        assert!(compare(&[1.0, 2.0], &[1.0, 2.01], "x").is_err());
        assert!(compare(&[1.0, 2.0], &[f32::NAN, 2.0], "x").is_err());
        assert!(compare(&[1.0, 1.0001], &[1.0002, 1.0], "x").is_err());
    }
}
