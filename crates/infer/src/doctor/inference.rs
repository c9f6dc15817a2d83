//! A tiny model, run.

use std::path::Path;
use std::time::Instant;

use super::Check;
use crate::{Classifier, Device, InferError};

/// A nearest-mean classifier of 8x8 digits.
const MODEL: &[u8] = include_bytes!("../../tests/fixtures/digits.onnx");

/// Runs a tiny model on `device` (`Auto` is not much of a check); `library` is
/// as in [`ClassifierBuilder::runtime`](crate::ClassifierBuilder::runtime).
/// [`Status::Failed`](super::Status::Failed) on the CPU only.
pub fn inference(library: Option<&Path>, device: Device) -> Check {
    let name = format!("inference on {device}");
    let start = Instant::now();
    match run(library, device) {
        Ok(provider) => {
            let milliseconds = 1e3 * start.elapsed().as_secs_f64();
            Check::ok(
                name,
                format!("{provider}, {milliseconds:.0} ms with loading"),
            )
        }
        Err(error) => {
            let remedy = error.hint().unwrap_or_default();
            match device {
                Device::Cpu | Device::Auto => Check::failed(name, error.to_string(), remedy),
                Device::Cuda | Device::TensorRt => Check::missing(name, error.to_string(), remedy),
            }
        }
    }
}

/// Opens and runs it; gives the provider that ran.
fn run(library: Option<&Path>, device: Device) -> Result<String, InferError> {
    let classifier = Classifier::builder()
        .device(device)
        .sessions(1)
        .runtime(library.map(Path::to_path_buf))
        .from_bytes(MODEL.to_vec())?;
    classifier.classify_pixels(&vec![0; classifier.contract().input_len()])?;
    Ok(classifier.provider().to_string())
}
