//! Networks whose batch norms were folded into their convolutions, and back.

use std::collections::BTreeMap;

use crate::error::PretrainedError;
use crate::family::Family;
use crate::names::conv_to_batch_norm;
use crate::tensor::{NamedTensor, NamedTensors};

/// A network without batch norms.
#[derive(Clone, Debug, PartialEq)]
pub struct FoldedNetwork {
    /// `.weight` and `.bias` of every convolution and of the classifier, under timm's names.
    pub tensors: NamedTensors,
    /// Padding of its convolutions, and the batch-norm epsilon to give back.
    pub family: Family,
}

/// Gives every folded convolution a batch norm of its own again, such that the network
/// computes what it did and can be trained.
///
/// `statistics` holds, for each batch norm by timm's name, mean and variance over a data set
/// of each channel of the convolution's output **without its bias**. With `m`, `v` and the
/// folded bias `b`, the batch norm becomes `running_mean = m`, `running_var = v`,
/// `weight = sqrt(v + eps)`, `bias = b + m`, and so
/// `weight * (y - m) / sqrt(v + eps) + bias = y + b`. The statistics do not change the
/// function; they make that training starts from normalised activations.
///
/// # Errors
/// [`PretrainedError::Statistics`] where a batch norm's statistics are missing, have another
/// number of channels, or are not finite (variances: also negative).
pub fn give_back_batch_norm(
    folded: &FoldedNetwork,
    statistics: &BTreeMap<String, (Vec<f32>, Vec<f32>)>,
) -> Result<NamedTensors, PretrainedError> {
    let mut tensors = NamedTensors::new();
    for (name, tensor) in &folded.tensors {
        let batch_norm = name.strip_suffix(".bias").and_then(conv_to_batch_norm);
        let Some(batch_norm) = batch_norm else {
            tensors.insert(name.clone(), tensor.clone());
            continue;
        };
        let statistics = statistics.get(&batch_norm);
        let parameters =
            parameters(&tensor.values, statistics, folded.family.bn_epsilon).map_err(|reason| {
                PretrainedError::Statistics {
                    batch_norm: batch_norm.clone(),
                    reason,
                }
            })?;
        for (parameter, values) in parameters {
            let shape = vec![values.len()];
            let tensor = NamedTensor { shape, values };
            tensors.insert(format!("{batch_norm}.{parameter}"), tensor);
        }
    }
    Ok(tensors)
}

fn parameters(
    folded_bias: &[f32],
    statistics: Option<&(Vec<f32>, Vec<f32>)>,
    epsilon: f64,
) -> Result<[(&'static str, Vec<f32>); 4], String> {
    let (mean, variance) = statistics.ok_or("missing")?;
    let channels = folded_bias.len();
    if mean.len() != channels || variance.len() != channels {
        return Err(format!(
            "{} means and {} variances, expected {channels} channels",
            mean.len(),
            variance.len()
        ));
    }
    for (channel, (m, v)) in mean.iter().zip(variance).enumerate() {
        if !m.is_finite() || !v.is_finite() || *v < 0.0 {
            return Err(format!("channel {channel} has mean {m} and variance {v}"));
        }
    }
    #[expect(clippy::cast_possible_truncation, reason = "weights are float32")]
    let scale = |v: &f32| (f64::from(*v) + epsilon).sqrt() as f32;
    let bias = folded_bias.iter().zip(mean).map(|(b, m)| b + m);
    Ok([
        ("weight", variance.iter().map(scale).collect()),
        ("bias", bias.collect()),
        ("running_mean", mean.clone()),
        ("running_var", variance.clone()),
    ])
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn vector(values: &[f32]) -> NamedTensor {
        NamedTensor {
            shape: vec![values.len()],
            values: values.to_vec(),
        }
    }

    fn folded(bias: &[f32]) -> FoldedNetwork {
        let tensors = [
            ("blocks.0.0.conv_dw.weight", vector(&[1.0, 2.0])),
            ("blocks.0.0.conv_dw.bias", vector(bias)),
            ("blocks.0.0.se.conv_reduce.bias", vector(&[7.0])),
            ("classifier.bias", vector(&[8.0])),
        ];
        FoldedNetwork {
            tensors: tensors.map(|(name, t)| (name.to_owned(), t)).into(),
            family: Family::tensorflow(),
        }
    }

    fn statistics(mean: &[f32], variance: &[f32]) -> BTreeMap<String, (Vec<f32>, Vec<f32>)> {
        let statistics = (mean.to_vec(), variance.to_vec());
        BTreeMap::from([("blocks.0.0.bn1".to_owned(), statistics)])
    }

    #[test]
    fn only_the_bias_before_a_batch_norm_becomes_one() {
        let statistics = statistics(&[0.5, -1.0], &[3.999, 0.0]);
        let tensors = give_back_batch_norm(&folded(&[0.25, 2.0]), &statistics).unwrap();
        let expected = [
            ("blocks.0.0.bn1.bias", vector(&[0.75, 1.0])),
            ("blocks.0.0.bn1.running_mean", vector(&[0.5, -1.0])),
            ("blocks.0.0.bn1.running_var", vector(&[3.999, 0.0])),
            ("blocks.0.0.bn1.weight", vector(&[2.0, 0.031_622_776])),
            ("blocks.0.0.conv_dw.weight", vector(&[1.0, 2.0])),
            ("blocks.0.0.se.conv_reduce.bias", vector(&[7.0])),
            ("classifier.bias", vector(&[8.0])),
        ];
        assert_eq!(
            tensors,
            expected.map(|(name, t)| (name.to_owned(), t)).into()
        );
    }

    #[test]
    fn statistics_that_do_not_fit_are_named() {
        let message = |statistics| {
            let error = give_back_batch_norm(&folded(&[0.0, 0.0]), &statistics).unwrap_err();
            error.to_string()
        };
        let prefix = "batch-norm statistics of blocks.0.0.bn1: ";
        assert_eq!(message(BTreeMap::new()), format!("{prefix}missing"));
        assert_eq!(
            message(statistics(&[0.0], &[1.0, 1.0])),
            format!("{prefix}1 means and 2 variances, expected 2 channels")
        );
        assert_eq!(
            message(statistics(&[0.0, 0.0], &[1.0, -1.0])),
            format!("{prefix}channel 1 has mean 0 and variance -1")
        );
    }

    proptest! {
        #[test]
        fn the_function_stays_the_same(
            y in -50f32..50.0, b in -10f32..10.0, m in -50f32..50.0, v in 0f32..400.0,
        ) {
            let statistics = statistics(&[m, m], &[v, v]);
            let tensors = give_back_batch_norm(&folded(&[b, b]), &statistics).unwrap();
            let value = |p: &str| f64::from(tensors[&format!("blocks.0.0.bn1.{p}")].values[0]);
            let normalised = (f64::from(y) - value("running_mean"))
                / (value("running_var") + 1e-3).sqrt();
            let output = value("weight") * normalised + value("bias");
            prop_assert!((output - f64::from(y) - f64::from(b)).abs() < 2e-5);
        }
    }
}
