//! The network as a graph that measures what its batch norms give.

use contract::Contract;
use onnx::{Attribute, ModelProto};

use super::{
    begin, finish,
    network::{NetworkBuilder, Observed},
    precision::Precision,
};
use crate::{checkpoint::Checkpoint, model::EfficientNetConfig};

/// Where a batch norm's moments stand in an image's row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Moments {
    /// timm's name of the norm.
    pub norm: String,
    /// Column of the first channel's mean; the means of the squares follow the means.
    pub first: usize,
    /// Channels of the norm.
    pub channels: usize,
}

/// The checkpoint's network as an ONNX model whose logits are no logits: a row an image,
/// of the mean over all positions of each output `y` of each batch norm, and of `y * y`.
/// Also tells which column is what.
pub fn to_moments_onnx(
    checkpoint: &Checkpoint,
    config: &EfficientNetConfig,
) -> (ModelProto, Vec<Moments>) {
    let contract = &checkpoint.contract;
    let (mut graph, images) = begin(contract);
    let mut network = NetworkBuilder {
        graph: &mut graph,
        config,
        tensors: checkpoint.tensors.clone(),
        precision: Precision::Fp32,
        size: [contract.preprocessing.height, contract.preprocessing.width],
        observed: Some(Vec::new()),
    };
    network.features(&images);
    let observed = network.observed.take().unwrap_or_default();
    let mut pooled = Vec::new();
    let mut columns = Vec::new();
    let mut first = 0;
    for Observed {
        norm,
        output,
        channels,
    } in observed
    {
        let [square, mean, mean_square] =
            ["square", "mean", "mean_square"].map(|part| format!("moments.{norm}.{part}"));
        graph.node("Mul", &square, &[&output, &output], &[&square], vec![]);
        for (name, input) in [(mean, &output), (mean_square, &square)] {
            graph.node("GlobalAveragePool", &name, &[input], &[&name], vec![]);
            pooled.push(name);
        }
        columns.push(Moments {
            norm,
            first,
            channels,
        });
        first += 2 * channels;
    }
    let inputs: Vec<&str> = pooled.iter().map(String::as_str).collect();
    let axis = || vec![Attribute::int("axis", 1)];
    let (all, logits) = ("moments.all", contract.output.logits.as_str());
    graph.node("Concat", all, &inputs, &[all], axis());
    graph.node("Flatten", "moments.flat", &[all], &[logits], axis());
    let contract = Contract {
        classes: (0..first)
            .map(|column| format!("moment {column}"))
            .collect(),
        superclasses: None,
        ..contract.clone()
    };
    (finish(graph, &contract), columns)
}
