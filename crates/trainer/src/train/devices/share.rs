//! What one device learns from in one step.

use burn::tensor::Device;
use contract::Preprocessing;

use crate::train::{Batch, PrecisionKind, loss::Criterion};

/// What all shares of a step have in common.
#[derive(Debug, Clone)]
pub struct Task {
    /// What is done to the pixels before the network sees them.
    pub preprocessing: Preprocessing,
    /// What the convolutions compute in.
    pub precision: PrecisionKind,
    /// What the loss is.
    pub criterion: Criterion,
    /// Batches whose gradients are averaged into one update.
    pub group: usize,
}

/// A device's part of a batch.
#[derive(Debug)]
pub struct Share {
    /// Place among the devices, the order in which results are added up.
    pub rank: usize,
    /// The device, with autodiff.
    pub device: Device,
    /// Its images.
    pub batch: Batch,
    /// How much the images of all shares count together in the loss.
    pub weight_of_all: f64,
    /// What to do with them.
    pub task: Task,
}

impl Share {
    /// Cuts `batch` into consecutive shares, one a device, whose sizes differ
    /// by one image at most. The last devices get none where there are too few.
    pub fn cut(batch: Batch, devices: &[Device], task: Task) -> Vec<Self> {
        let images = batch.labels.len();
        let weight_of_all = task.criterion.weight(&batch.targets);
        let mut rest = batch;
        let mut shares = Vec::with_capacity(devices.len());
        for (rank, device) in devices.iter().enumerate() {
            let end = |rank: usize| (images * rank).div_ceil(devices.len());
            let count = end(rank + 1) - end(rank);
            if count == 0 {
                continue;
            }
            shares.push(Self {
                rank,
                device: device.clone(),
                batch: split_off_front(&mut rest, count),
                weight_of_all,
                task: task.clone(),
            });
        }
        shares
    }

    /// How much its images count together in the loss.
    pub fn weight(&self) -> f64 {
        self.task.criterion.weight(&self.batch.targets)
    }

    /// What the mean loss over the share is divided by, so that the gradients
    /// of all shares of all batches of an update sum to that of its mean loss.
    pub fn divisor(&self) -> f64 {
        let part = self.weight() / self.weight_of_all;
        self.task.group as f64 / part
    }
}

/// Takes the first `count` images out of `batch`.
fn split_off_front(batch: &mut Batch, count: usize) -> Batch {
    let values = batch.pixels.len() / batch.labels.len() * count;
    let rest = Batch {
        pixels: batch.pixels.split_off(values),
        labels: batch.labels.split_off(count),
        targets: batch.targets.split_off(count),
    };
    std::mem::replace(batch, rest)
}

#[cfg(test)]
mod tests {
    use augment::batch::SoftTarget;
    use contract::Resize;

    use super::*;
    use crate::train::Pixels;

    fn batch(images: usize) -> Batch {
        Batch {
            pixels: Pixels::Normalised((0..images * 3).map(|value| value as f32).collect()),
            labels: (0..images).collect(),
            targets: (0..images)
                .map(|label| SoftTarget {
                    label,
                    mixed_label: label,
                    lambda: 1.0,
                })
                .collect(),
        }
    }

    fn values(pixels: &Pixels) -> Vec<f32> {
        match pixels {
            Pixels::Normalised(values) => values.clone(),
            Pixels::Levels(_) => panic!("levels"),
        }
    }

    fn cut(images: usize, devices: usize) -> Vec<Share> {
        cut_with(None, images, devices)
    }

    fn cut_with(class_weights: Option<&[f32]>, images: usize, devices: usize) -> Vec<Share> {
        let task = Task {
            preprocessing: Preprocessing {
                resize: Resize::OpencvCubic,
                height: 1,
                width: 1,
                scale: 1.0,
                mean: [0.0; 3],
                std: [1.0; 3],
            },
            precision: PrecisionKind::Fp32,
            criterion: Criterion {
                smoothing: 0.0,
                class_weights: class_weights.map(Into::into),
            },
            group: 3,
        };
        Share::cut(batch(images), &vec![Device::flex(); devices], task)
    }

    #[test]
    fn shares_are_the_batch_in_order() {
        for (images, devices) in [(1, 1), (7, 1), (7, 2), (8, 3), (3, 3)] {
            let shares = cut(images, devices);
            assert_eq!(shares.len(), devices);
            let joined: Vec<f32> = shares
                .iter()
                .flat_map(|share| values(&share.batch.pixels))
                .collect();
            let whole = batch(images);
            assert_eq!(joined, values(&whole.pixels));
            let labels: Vec<usize> = shares
                .iter()
                .flat_map(|share| share.batch.labels.clone())
                .collect();
            assert_eq!(labels, whole.labels);
            let sizes: Vec<usize> = shares
                .iter()
                .map(|share| share.batch.labels.len())
                .collect();
            assert!(sizes.iter().max().unwrap() - sizes.iter().min().unwrap() <= 1);
        }
    }

    #[test]
    fn a_device_without_images_gets_no_share() {
        let shares = cut(2, 3);
        let ranks: Vec<usize> = shares.iter().map(|share| share.rank).collect();
        assert_eq!(ranks, [0, 1]);
    }

    #[test]
    fn gradients_of_all_shares_sum_to_the_mean() {
        for devices in 1..5 {
            let sum: f64 = cut(7, devices)
                .iter()
                .map(|share| 1.0 / share.divisor())
                .sum();
            assert!((sum - 1.0 / 3.0).abs() < 1e-12, "{devices}: {sum}");
        }
        // One device alone divides by the group, to the bit.
        assert_eq!(cut(7, 1)[0].divisor(), 3.0);
    }

    #[test]
    fn a_share_of_rare_images_counts_for_more() {
        let weights = [1.0, 1.0, 1.0, 1.0, 8.0, 4.0];
        let shares = cut_with(Some(&weights), 6, 2);
        let parts: Vec<f64> = shares.iter().map(|share| 3.0 / share.divisor()).collect();
        assert_eq!(parts, [3.0 / 16.0, 13.0 / 16.0]);
    }
}
