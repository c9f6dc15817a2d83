//! Batch norms folded into the convolutions before them.

use pretrained::{NamedTensor, NamedTensors};

/// A convolution's weight `[out, in / groups, height, width]` and bias `[out]`.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Convolution {
    pub weight: NamedTensor,
    pub bias: Vec<f32>,
}

/// Takes a tensor out by name. Checkpoints are checked when they are read, so
/// an absent tensor means a mistake in the lowering; the export check would
/// not pass with the empty one given here.
pub(super) fn take(tensors: &mut NamedTensors, name: &str) -> NamedTensor {
    tensors.remove(name).unwrap_or(NamedTensor {
        shape: vec![0],
        values: Vec::new(),
    })
}

/// Folds the inference-mode batch norm `norm` into the bias-free convolution
/// `conv`: `gamma (w x - mean) / sqrt(var + eps) + beta` is a convolution too.
pub(super) fn fold_batch_norm(
    tensors: &mut NamedTensors,
    conv: &str,
    norm: &str,
    epsilon: f64,
) -> Convolution {
    let mut weight = take(tensors, &format!("{conv}.weight"));
    let [gamma, beta, mean, variance] = ["weight", "bias", "running_mean", "running_var"]
        .map(|part| take(tensors, &format!("{norm}.{part}")).values);
    // In double precision: a variance near zero would magnify rounding.
    let scale: Vec<f64> = gamma
        .iter()
        .zip(&variance)
        .map(|(gamma, variance)| f64::from(*gamma) / (f64::from(*variance) + epsilon).sqrt())
        .collect();
    let bias = beta
        .iter()
        .zip(&mean)
        .zip(&scale)
        .map(|((beta, mean), scale)| (f64::from(*beta) - f64::from(*mean) * scale) as f32)
        .collect();
    let per_channel = weight.values.len() / scale.len().max(1);
    for (values, scale) in weight.values.chunks_mut(per_channel.max(1)).zip(&scale) {
        for value in values {
            *value = (f64::from(*value) * scale) as f32;
        }
    }
    Convolution { weight, bias }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folded_convolution_is_convolution_then_norm() {
        let tensor = |values: &[f32], shape: &[usize]| NamedTensor {
            shape: shape.to_vec(),
            values: values.to_vec(),
        };
        let mut tensors = NamedTensors::from([
            ("c.weight".to_owned(), tensor(&[2.0, -3.0], &[2, 1, 1, 1])),
            ("n.weight".to_owned(), tensor(&[0.5, 4.0], &[2])),
            ("n.bias".to_owned(), tensor(&[1.0, -1.0], &[2])),
            ("n.running_mean".to_owned(), tensor(&[0.25, -2.0], &[2])),
            ("n.running_var".to_owned(), tensor(&[3.0, 0.0], &[2])),
        ]);
        let folded = fold_batch_norm(&mut tensors, "c", "n", 1.0);
        assert!(tensors.is_empty());
        let x = 1.7f32;
        for (channel, (w, gamma, beta, mean, var)) in [
            (2.0f32, 0.5f32, 1.0f32, 0.25f32, 3.0f32),
            (-3.0, 4.0, -1.0, -2.0, 0.0),
        ]
        .into_iter()
        .enumerate()
        {
            let expected = gamma * (w * x - mean) / (var + 1.0).sqrt() + beta;
            let got = folded.weight.values[channel] * x + folded.bias[channel];
            assert!((expected - got).abs() < 1e-5, "{expected} {got}");
        }
    }
}
