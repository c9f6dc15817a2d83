//! Networks whose batch norms were folded into their convolutions, and back.

use crate::family::{Family, IMAGENET_MEAN, IMAGENET_STD};
use crate::names::conv_to_batch_norm;
use crate::statistics::Statistics;
use crate::tensor::{NamedTensor, NamedTensors};
use crate::weights::Weights;

/// A network without batch norms.
#[derive(Clone, Debug, PartialEq)]
pub struct FoldedNetwork {
    /// `.weight` and `.bias` of every convolution and of the classifier, under timm's names.
    pub tensors: NamedTensors,
    /// Padding of its convolutions, and the batch-norm epsilon to give back.
    pub family: Family,
}

impl FoldedNetwork {
    /// The tensors with a batch norm after every folded convolution again, which adds the
    /// folded bias and does nothing else: mean 0, variance 1, `weight = sqrt(1 + eps)`. The
    /// network computes what it did; for training, [`renormalise`](crate::renormalise) gives
    /// the norms statistics.
    #[must_use]
    pub fn with_identity_norms(&self) -> NamedTensors {
        let mut tensors = NamedTensors::new();
        #[expect(clippy::cast_possible_truncation, reason = "weights are float32")]
        let weight = (1.0 + self.family.bn_epsilon).sqrt() as f32;
        for (name, tensor) in &self.tensors {
            let batch_norm = name.strip_suffix(".bias").and_then(conv_to_batch_norm);
            let Some(batch_norm) = batch_norm else {
                tensors.insert(name.clone(), tensor.clone());
                continue;
            };
            let channels = tensor.values.len();
            for (part, values) in [
                ("weight", vec![weight; channels]),
                ("bias", tensor.values.clone()),
                ("running_mean", vec![0.0; channels]),
                ("running_var", vec![1.0; channels]),
            ] {
                let shape = vec![channels];
                tensors.insert(
                    format!("{batch_norm}.{part}"),
                    NamedTensor { shape, values },
                );
            }
        }
        tensors
    }

    /// The network as weights from `source`, with [identity
    /// norms](Self::with_identity_norms).
    #[must_use]
    pub fn into_weights(self, source: &str) -> Weights {
        Weights {
            tensors: self.with_identity_norms(),
            family: self.family,
            source: format!("{source}, batch norms folded"),
            sha256: String::new(),
            statistics: Statistics::Folded,
            mean: IMAGENET_MEAN,
            std: IMAGENET_STD,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn vector(values: &[f32]) -> NamedTensor {
        NamedTensor {
            shape: vec![values.len()],
            values: values.to_vec(),
        }
    }

    #[test]
    fn only_the_bias_before_a_batch_norm_becomes_one() {
        let tensors = [
            ("blocks.0.0.conv_dw.weight", vector(&[1.0, 2.0])),
            ("blocks.0.0.conv_dw.bias", vector(&[0.25, 2.0])),
            ("blocks.0.0.se.conv_reduce.bias", vector(&[7.0])),
            ("classifier.bias", vector(&[8.0])),
        ];
        let folded = FoldedNetwork {
            tensors: tensors.map(|(name, t)| (name.to_owned(), t)).into(),
            family: Family::tensorflow(),
        };
        let expected = [
            ("blocks.0.0.bn1.bias", vector(&[0.25, 2.0])),
            ("blocks.0.0.bn1.running_mean", vector(&[0.0, 0.0])),
            ("blocks.0.0.bn1.running_var", vector(&[1.0, 1.0])),
            ("blocks.0.0.bn1.weight", vector(&[1.000_499_9; 2])),
            ("blocks.0.0.conv_dw.weight", vector(&[1.0, 2.0])),
            ("blocks.0.0.se.conv_reduce.bias", vector(&[7.0])),
            ("classifier.bias", vector(&[8.0])),
        ];
        assert_eq!(
            folded.with_identity_norms(),
            expected.map(|(name, t)| (name.to_owned(), t)).into()
        );
    }
}
