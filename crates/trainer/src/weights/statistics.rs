//! Batch-norm statistics of the images that a run trains on.
//!
//! A network that was published with its norms folded away has no statistics, and those that
//! were measured on other images are wrong where norms learn: digits make channels silent that
//! photos need. They are measured at the start of a run, by ONNX Runtime, in a second or two.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use contract::{Contract, fs::sha256_hex};
use infer::Classifier;
use pretrained::{NamedTensors, OutputMoments, renormalise};
use rayon::prelude::*;

use crate::{
    checkpoint::Checkpoint,
    error::TrainError,
    export::{Moments, to_moments_onnx},
    model::{EfficientNet, EfficientNetConfig},
    train::{Features, TrainingData, cached_rows, hash_tensors},
};

/// Images that the statistics are measured on: enough for two digits of each
/// channel's variance at the smallest feature map, a second on a processor.
pub const MEASURED_IMAGES: usize = 256;

/// Images that go through a session together.
const BATCH: usize = 4;

/// What measures statistics, and where they are kept for the next run.
#[derive(Debug, Clone)]
pub struct StatisticsSource<'a> {
    /// The contract of the run, for what happens to an image before the network.
    pub contract: &'a Contract,
    /// The network's configuration.
    pub config: &'a EfficientNetConfig,
    /// ONNX Runtime's library.
    pub runtime: Option<&'a Path>,
    /// Folder that statistics are kept in.
    pub folder: &'a Path,
    /// Is told of a file of statistics that is damaged, before they are measured again.
    pub damaged: fn(&Path),
}

impl StatisticsSource<'_> {
    /// The network with the statistics of at most [`MEASURED_IMAGES`] of `data`'s training
    /// images, evenly taken; what it computes stays the same. Also gives their number.
    ///
    /// # Errors
    /// ONNX Runtime is missing, a picture cannot be decoded, or the cache cannot be written.
    pub fn measured(
        &self,
        network: EfficientNet,
        data: &TrainingData,
    ) -> Result<(EfficientNet, usize), TrainError> {
        let checkpoint = Checkpoint {
            contract: self.contract.clone(),
            family: self.config.family,
            tensors: network.named_tensors(),
        };
        let images = data.train.len().min(MEASURED_IMAGES);
        let (model, columns) = to_moments_onnx(&checkpoint, self.config);
        let width = columns.iter().map(|norm| 2 * norm.channels).sum();
        let key = self.key(&checkpoint.tensors, data, images);
        let sums = cached_rows(&self.path(&key), &key, 1, width, &self.damaged, || {
            let classifier = Classifier::builder()
                .device(infer::Device::Cpu)
                .runtime(self.runtime.map(Path::to_owned))
                .from_bytes(model.to_bytes())?;
            sums(&classifier, data, images, width)
        })?;
        let mut tensors = checkpoint.tensors;
        let moments = columns
            .into_iter()
            .map(|norm| (norm.norm.clone(), moments(&sums.values, &norm)))
            .collect::<BTreeMap<_, _>>();
        renormalise(&mut tensors, &moments, self.config.family.bn_epsilon)?;
        Ok((network.with_tensors(tensors)?, images))
    }

    fn path(&self, key: &str) -> PathBuf {
        self.folder
            .join(format!("statistics-{}.safetensors", &key[..32]))
    }

    /// Hash of everything that the statistics depend on.
    fn key(&self, tensors: &NamedTensors, data: &TrainingData, images: usize) -> String {
        let names: Vec<String> = indices(data, images)
            .map(|index| data.train.describe(index))
            .collect();
        let described = serde_json::json!({
            "network": hash_tensors(tensors, self.config.family),
            "dataset": data.info.sha256,
            "names": sha256_hex(names.join("\n").as_bytes()),
            "input": data.input,
            "fit": data.fit,
            "preprocessing": data.preprocessing,
        });
        sha256_hex(described.to_string().as_bytes())
    }
}

/// Evenly taken places of `images` training images.
fn indices(data: &TrainingData, images: usize) -> impl Iterator<Item = usize> {
    let length = data.train.len();
    (0..images).map(move |i| i * length / images)
}

/// Means over the images of what the model gives for each.
fn sums(
    classifier: &Classifier,
    data: &TrainingData,
    images: usize,
    width: usize,
) -> Result<Features, TrainError> {
    let indices: Vec<usize> = indices(data, images).collect();
    let rows = indices
        .par_chunks(BATCH)
        .map(|indices| {
            let pictures = indices
                .iter()
                .map(|&index| data.picture(&data.train, index))
                .collect::<Result<Vec<_>, _>>()?;
            let found = classifier.classify_batch(&pictures.concat())?;
            let mut sum = vec![0.0; width];
            for image in found {
                for (sum, value) in sum.iter_mut().zip(image.logits) {
                    *sum += f64::from(value);
                }
            }
            Ok(sum)
        })
        .collect::<Result<Vec<Vec<f64>>, TrainError>>()?;
    // In the order of the images, whoever was done first.
    let mut total = vec![0.0; width];
    for row in rows {
        for (total, value) in total.iter_mut().zip(row) {
            *total += value;
        }
    }
    let values = total
        .into_iter()
        .map(|sum| (sum / images as f64) as f32)
        .collect();
    Ok(Features { values, width })
}

/// Mean and variance of a norm's channels from the means of values and squares.
fn moments(row: &[f32], norm: &Moments) -> OutputMoments {
    let (mean, square) = row[norm.first..norm.first + 2 * norm.channels].split_at(norm.channels);
    let variance = mean
        .iter()
        .zip(square)
        .map(|(mean, square)| {
            let (mean, square) = (f64::from(*mean), f64::from(*square));
            (square - mean * mean).max(0.0) as f32
        })
        .collect();
    OutputMoments {
        mean: mean.to_vec(),
        variance,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_those_of_each_channel() {
        let row = [9.0, 1.0, 2.0, 5.0, 4.0, 9.0];
        let norm = Moments {
            norm: "bn1".to_owned(),
            first: 1,
            channels: 2,
        };
        let found = moments(&row, &norm);
        assert_eq!(found.mean, [1.0, 2.0]);
        assert_eq!(found.variance, [4.0, 0.0]);
    }
}
