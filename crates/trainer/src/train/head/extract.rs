//! Pooled features of every image, through ONNX Runtime.

use std::{
    path::{Path, PathBuf},
    sync::atomic::{AtomicBool, Ordering},
};

use contract::{Contract, fs::sha256_hex};
use dataset::Split;
use infer::Classifier;
use pretrained::NamedTensor;
use rayon::prelude::*;

use crate::{
    checkpoint::Checkpoint,
    error::TrainError,
    export::{Precision, to_onnx},
    model::EfficientNetConfig,
    train::{TrainingData, cached_rows, hash_tensors},
};

/// Images that go through a session together: as fast as more, little memory.
const BATCH: usize = 8;

/// Pooled features of a split.
#[derive(Debug, Clone, PartialEq)]
pub struct Features {
    /// `[images, width]`, row-major.
    pub values: Vec<f32>,
    /// Length of an image's features.
    pub width: usize,
}

impl Features {
    /// Features of the images at `indices`, in that order.
    pub fn subset(&self, indices: &[usize]) -> Self {
        let row = |&index: &usize| &self.values[index * self.width..(index + 1) * self.width];
        Self {
            values: indices.iter().flat_map(row).copied().collect(),
            width: self.width,
        }
    }
}

/// Computes features and keeps them.
#[derive(Debug)]
pub struct FeatureSource {
    classifier: Classifier,
    folder: PathBuf,
    /// Hash of the network's tensors.
    network: String,
    width: usize,
}

impl FeatureSource {
    /// Features of the network of `checkpoint`, kept under `folder`.
    ///
    /// # Errors
    /// ONNX Runtime is missing.
    pub fn new(
        checkpoint: &Checkpoint,
        config: &EfficientNetConfig,
        runtime: Option<&Path>,
        folder: &Path,
    ) -> Result<Self, TrainError> {
        let width = config.head_channels();
        let network = identity_head(checkpoint, width);
        let bytes = to_onnx(&network, config, Precision::Fp32).to_bytes();
        let classifier = Classifier::builder()
            .device(infer::Device::Cpu)
            .runtime(runtime.map(Path::to_owned))
            .from_bytes(bytes)?;
        Ok(Self {
            classifier,
            folder: folder.to_owned(),
            network: hash_tensors(&checkpoint.tensors, checkpoint.family),
            width,
        })
    }

    /// Features of the unaugmented images of `split`, from disk if they are
    /// there. `done` is told how many images are done, `damaged` of a file of
    /// features that cannot be used.
    ///
    /// # Errors
    /// A picture that cannot be decoded, a cache that cannot be written, or a
    /// stop before all are done.
    pub fn features(
        &self,
        data: &TrainingData,
        split: &Split,
        stop: &AtomicBool,
        done: &(dyn Fn(usize) + Sync),
        damaged: &dyn Fn(&Path),
    ) -> Result<Features, TrainError> {
        let key = self.key(data, split);
        let path = self.folder.join(format!("{}.safetensors", &key[..32]));
        let mut computed = false;
        let features = cached_rows(&path, &key, split.len(), self.width, damaged, || {
            computed = true;
            self.compute(data, split, stop, done)
        })?;
        if !computed {
            done(split.len());
        }
        Ok(features)
    }

    fn compute(
        &self,
        data: &TrainingData,
        split: &Split,
        stop: &AtomicBool,
        done: &(dyn Fn(usize) + Sync),
    ) -> Result<Features, TrainError> {
        let indices: Vec<usize> = (0..split.len()).collect();
        let parts = indices
            .par_chunks(BATCH)
            .map(|indices| {
                if stop.load(Ordering::Relaxed) {
                    return Err(TrainError::InterruptedEarly);
                }
                let pictures = indices
                    .iter()
                    .map(|&index| data.picture(split, index))
                    .collect::<Result<Vec<_>, _>>()?;
                let found = self.classifier.classify_batch(&pictures.concat())?;
                done(indices.len());
                Ok(found.into_iter().flat_map(|found| found.logits).collect())
            })
            .collect::<Result<Vec<Vec<f32>>, TrainError>>()?;
        Ok(Features {
            values: parts.concat(),
            width: self.width,
        })
    }

    /// Hash of everything that the features depend on.
    fn key(&self, data: &TrainingData, split: &Split) -> String {
        let labels: Vec<u8> = split
            .labels()
            .iter()
            .flat_map(|label| (*label as u32).to_le_bytes())
            .collect();
        let names: Vec<String> = (0..split.len())
            .map(|index| split.describe(index))
            .collect();
        let described = serde_json::json!({
            "network": self.network,
            "dataset": data.info,
            "images": split.len(),
            "names": sha256_hex(names.join("\n").as_bytes()),
            "labels": sha256_hex(&labels),
            "input": data.input,
            "fit": data.fit,
            "preprocessing": data.preprocessing,
        });
        sha256_hex(described.to_string().as_bytes())
    }
}

/// The checkpoint with the identity for a last layer: its logits are the features.
fn identity_head(checkpoint: &Checkpoint, width: usize) -> Checkpoint {
    let mut checkpoint = checkpoint.clone();
    let identity = (0..width * width)
        .map(|i| f32::from(i % (width + 1) == 0))
        .collect();
    for (name, shape, values) in [
        ("classifier.weight", vec![width, width], identity),
        ("classifier.bias", vec![width], vec![0.0; width]),
    ] {
        let tensor = NamedTensor { shape, values };
        checkpoint.tensors.insert(name.to_owned(), tensor);
    }
    checkpoint.contract = Contract {
        classes: (0..width).map(|i| format!("feature {i}")).collect(),
        superclasses: None,
        ..checkpoint.contract
    };
    checkpoint
}
