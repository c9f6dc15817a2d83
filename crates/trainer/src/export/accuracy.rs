//! The accuracy that an export has to have: burn's, on the same images.

use burn::tensor::{Device, Tensor, TensorData};
use contract::{
    Contract,
    preprocess::{self, Preprocessor},
};
use dataset::Split;

use super::{Gate, Precision};
use crate::{error::TrainError, model::EfficientNet};

/// Share of the validation images that float noise may classify differently,
/// and the number that is always let pass: two near ties in a small split.
const CHANGED_SHARE: f64 = 1e-3;
const CHANGED_IMAGES: f64 = 2.0;

/// Images that go through burn together.
const BATCH: usize = 32;

/// Checks the accuracy of an export, `onnx_top1`, against `expected`, on so many images.
///
/// # Errors
/// It is another one than `gate` allows.
pub(super) fn check_accuracy(
    onnx_top1: f64,
    expected: f64,
    images: usize,
    gate: &Gate,
) -> Result<(), TrainError> {
    let count = images as f64;
    let off = match gate.precision {
        Precision::Fp32 => {
            ((onnx_top1 - expected) * count).abs().round()
                > CHANGED_IMAGES.max(CHANGED_SHARE * count)
        }
        Precision::Fp16 => expected - onnx_top1 > gate.accuracy_loss,
    };
    if !off {
        return Ok(());
    }
    let reason = format!(
        "top-1 on {count} validation images is {onnx_top1:.4} through ONNX Runtime, {expected:.4} in burn"
    );
    Err(match gate.precision {
        Precision::Fp32 => TrainError::ExportCheck { reason },
        Precision::Fp16 => TrainError::PrecisionLoss {
            reason,
            allowed: gate.accuracy_loss,
        },
    })
}

/// Top-1 accuracy of `model`, which is on the processor, on all images of `split`.
///
/// # Errors
/// A picture that cannot be decoded.
pub(super) fn top1_on_processor(
    model: &EfficientNet,
    contract: &Contract,
    split: &Split,
) -> Result<f64, TrainError> {
    let indices: Vec<usize> = (0..split.len()).collect();
    let preprocessor = Preprocessor::new(input(contract), &contract.preprocessing);
    let mut correct = 0;
    for indices in indices.chunks(BATCH) {
        let pixels = fitted(split, indices, contract)?;
        let logits = logits(model, &preprocessor, contract, &pixels);
        correct += logits
            .chunks(contract.classes.len())
            .zip(indices)
            .filter(|(logits, index)| metrics::argmax(logits) == split.label(**index))
            .count();
    }
    Ok(correct as f64 / split.len().max(1) as f64)
}

/// Height and width of the pictures that go into the graph.
pub(super) fn input(contract: &Contract) -> [usize; 2] {
    [contract.input.height, contract.input.width]
}

/// The pictures at `indices` as they go into the graph, one after the other.
///
/// # Errors
/// A picture that cannot be decoded.
pub(super) fn fitted(
    split: &Split,
    indices: &[usize],
    contract: &Contract,
) -> Result<Vec<u8>, TrainError> {
    let mut pixels = Vec::with_capacity(indices.len() * contract.input_len());
    for &index in indices {
        let picture = split.image(index)?;
        pixels.extend(preprocess::fit(
            &picture.pixels,
            [picture.height, picture.width],
            &contract.fit,
            contract.preprocessing.resize,
            input(contract),
        ));
    }
    Ok(pixels)
}

/// What `model`, which is on the processor, gives for pictures as they go into the graph.
pub(super) fn logits(
    model: &EfficientNet,
    preprocessor: &Preprocessor,
    contract: &Contract,
    pixels: &[u8],
) -> Vec<f32> {
    let (height, width) = (contract.preprocessing.height, contract.preprocessing.width);
    let shape = [pixels.len() / contract.input_len(), 3, height, width];
    let images = TensorData::new(preprocessor.batch(pixels), shape);
    let logits = model.forward(Tensor::from_data(images, &Device::flex()));
    logits.into_data().iter::<f32>().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accuracy_is_gated_by_precision() {
        let check = |precision, onnx_top1| {
            let gate = Gate {
                precision,
                accuracy_loss: 0.01,
            };
            check_accuracy(onnx_top1, 0.9, 10_000, &gate)
        };
        assert!(check(Precision::Fp32, 0.9009).is_ok());
        assert!(check(Precision::Fp32, 0.8989).is_err());
        assert!(check(Precision::Fp32, 0.9020).is_err());
        assert!(check(Precision::Fp16, 0.8901).is_ok());
        assert!(check(Precision::Fp16, 0.95).is_ok());
        let error = check(Precision::Fp16, 0.8899).unwrap_err();
        assert!(error.hint().unwrap().contains("--force"));
    }
}
