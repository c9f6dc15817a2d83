//! Gives batch norms back to a network that was published with them folded
//! into its convolutions.

use std::{collections::BTreeMap, path::Path};

use burn::{
    module::Module,
    tensor::{Device, Tensor, TensorData},
};
use contract::{Preprocessing, Resize, preprocess};
use dataset::Split;
use pretrained::{
    FoldedNetwork, IMAGENET_MEAN, IMAGENET_STD, NamedTensors, Weights, give_back_batch_norm, npm,
};

use crate::{
    error::TrainError,
    model::{ConvNormName, EfficientNet, EfficientNetConfig, conv_norm_names},
};

/// Images that the statistics are measured on: enough for two digits of each
/// channel's variance at the smallest feature map, seconds on a processor.
pub const CALIBRATION_IMAGES: usize = 256;

const ARCHITECTURE: &str = "efficientnet_b0";
const IMAGENET_CLASSES: usize = 1000;
const BATCH: usize = 16;

/// Mean and variance of each channel.
type Statistics = (Vec<f32>, Vec<f32>);

/// Reads the npm package and gives its network batch norms whose statistics
/// are measured on at most [`CALIBRATION_IMAGES`] of `images`, evenly taken, at
/// `image_size` pixels. The function of the network stays the same.
///
/// `on_images` is told how many images are done, of how many.
///
/// # Errors
/// The package is not what it should be, or a picture cannot be decoded.
pub fn convert_npm_package(
    tgz: &Path,
    images: &Split,
    image_size: usize,
    device: &Device,
    mut on_images: impl FnMut(usize, usize),
) -> Result<Weights, TrainError> {
    let folded = npm::read_folded(tgz)?;
    let config = EfficientNetConfig::variant(ARCHITECTURE, IMAGENET_CLASSES, folded.family)
        .unwrap_or_else(|| unreachable!("{ARCHITECTURE} is a published variant"));
    let names = conv_norm_names(&config);
    let network = config
        .init(device)
        .with_tensors(with_identity_norms(&folded, &names)?)?
        .valid();
    let mut sums = vec![ChannelSums::default(); names.len()];
    let count = images.len().min(CALIBRATION_IMAGES);
    let indices: Vec<usize> = (0..count).map(|i| i * images.len() / count).collect();
    let mut done = 0;
    for indices in indices.chunks(BATCH) {
        let batch = batch(images, indices, image_size, device)?;
        observe(&network, batch, &mut sums);
        done += indices.len();
        on_images(done, count);
    }
    let statistics = names
        .into_iter()
        .zip(&sums)
        .map(|(name, sums)| (name.norm, sums.statistics()))
        .collect();
    Ok(Weights {
        tensors: give_back_batch_norm(&folded, &statistics)?,
        family: folded.family,
        source: format!(
            "npm {}, batch norms measured on {count} images at {image_size} px",
            npm::PACKAGE
        ),
        sha256: String::new(),
        mean: IMAGENET_MEAN,
        std: IMAGENET_STD,
    })
}

/// The folded network with batch norms that change nothing.
fn with_identity_norms(
    folded: &FoldedNetwork,
    names: &[ConvNormName],
) -> Result<NamedTensors, TrainError> {
    let identity: BTreeMap<String, Statistics> = names
        .iter()
        .filter_map(|name| {
            let bias = folded.tensors.get(&format!("{}.bias", name.conv))?;
            let channels = bias.values.len();
            Some((
                name.norm.clone(),
                (vec![0.0; channels], vec![1.0; channels]),
            ))
        })
        .collect();
    Ok(give_back_batch_norm(folded, &identity)?)
}

/// # Shapes
/// - output: `[indices, 3, image_size, image_size]`
fn batch(
    images: &Split,
    indices: &[usize],
    image_size: usize,
    device: &Device,
) -> Result<Tensor<4>, TrainError> {
    let size = [image_size, image_size];
    let preprocessing = Preprocessing {
        resize: Resize::OpencvCubic,
        height: image_size,
        width: image_size,
        scale: 1.0 / 255.0,
        mean: IMAGENET_MEAN,
        std: IMAGENET_STD,
    };
    let mut pixels = Vec::new();
    for &index in indices {
        let picture = images.image(index)?;
        let from = [picture.height, picture.width];
        pixels.extend(preprocess::resize_cubic(&picture.pixels, from, 3, size));
    }
    let normalised = preprocess::Preprocessor::new(size, &preprocessing).batch(&pixels);
    let shape = [indices.len(), 3, image_size, image_size];
    Ok(Tensor::from_data(
        TensorData::new(normalised, shape),
        device,
    ))
}

fn observe(network: &EfficientNet, batch: Tensor<4>, sums: &mut [ChannelSums]) {
    let mut sums = sums.iter_mut();
    network.forward_observed(batch, &mut |convolved| {
        if let Some(sums) = sums.next() {
            sums.add(convolved);
        }
    });
}

/// Sums over images and positions, by channel, in double precision.
#[derive(Debug, Clone, Default)]
struct ChannelSums {
    count: f64,
    sum: Vec<f64>,
    sum_of_squares: Vec<f64>,
}

impl ChannelSums {
    fn add(&mut self, features: &Tensor<4>) {
        let [images, channels, height, width] = features.dims();
        self.sum.resize(channels, 0.0);
        self.sum_of_squares.resize(channels, 0.0);
        let values: Vec<f32> = features.to_data().iter::<f32>().collect();
        for (plane, values) in values.chunks(height * width).enumerate() {
            let channel = plane % channels;
            for &value in values {
                let value = f64::from(value);
                self.sum[channel] += value;
                self.sum_of_squares[channel] += value * value;
            }
        }
        self.count += (images * height * width) as f64;
    }

    fn statistics(&self) -> Statistics {
        self.sum
            .iter()
            .zip(&self.sum_of_squares)
            .map(|(sum, squares)| {
                let mean = sum / self.count;
                let variance = (squares / self.count - mean * mean).max(0.0);
                (mean as f32, variance as f32)
            })
            .unzip()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statistics_are_those_of_each_channel() {
        let device = Device::flex();
        // 2 images, 2 channels, 1x2 positions
        let features = Tensor::<4>::from_data(
            TensorData::new(vec![1f32, 3.0, 5.0, 5.0, 5.0, 7.0, 5.0, 5.0], [2, 2, 1, 2]),
            &device,
        );
        let mut sums = ChannelSums::default();
        sums.add(&features);
        assert_eq!(sums.statistics(), (vec![4.0, 5.0], vec![5.0, 0.0]));
    }
}
