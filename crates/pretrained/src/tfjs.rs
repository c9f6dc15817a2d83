//! A TensorFlow.js graph model of EfficientNet, batch norms folded, in timm's names.
//!
//! The graph tells which constants are a convolution's weight and bias; the node's name
//! (`.../stack_1/block_0/expand_bn/FusedBatchNormV3`) tells which convolution it is.

use std::collections::{BTreeMap, HashMap};

use serde::Deserialize;

use crate::error::one_line;
use crate::family::Family;
use crate::folded::FoldedNetwork;
use crate::names::tensorflow_to_timm;
use crate::tensor::{Float, NamedTensor, NamedTensors};

/// Contents of the model's files by name: `model.json` and the shards it lists.
pub(crate) type Files = BTreeMap<String, Vec<u8>>;

const MODEL: &str = "model.json";
/// `SAME` in base64, as JSON holds a node's byte strings.
const SAME: &str = "U0FNRQ==";
/// `BiasAdd` in base64.
const BIAS_ADD: &str = "Qmlhc0FkZA==";

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Model {
    model_topology: Topology,
    weights_manifest: Vec<Group>,
}

#[derive(Deserialize)]
struct Topology {
    node: Vec<Node>,
}

#[derive(Deserialize)]
struct Node {
    name: String,
    op: String,
    #[serde(default)]
    input: Vec<String>,
    #[serde(default)]
    attr: serde_json::Value,
}

/// Constants that lie one after the other in the concatenation of some shards.
#[derive(Deserialize)]
struct Group {
    paths: Vec<String>,
    weights: Vec<Constant>,
}

#[derive(Deserialize)]
struct Constant {
    name: String,
    shape: Vec<usize>,
    dtype: String,
    quantization: Option<serde_json::Value>,
}

/// Reads the network from its files.
///
/// # Errors
/// What is wrong and where, in one line.
pub(crate) fn read(files: &Files) -> Result<FoldedNetwork, String> {
    let json = files.get(MODEL).ok_or(format!("{MODEL} is missing"))?;
    let model: Model = serde_json::from_slice(json)
        .map_err(|e| format!("{MODEL} is not a graph model: {}", one_line(e)))?;
    let mut constants = HashMap::new();
    for group in &model.weights_manifest {
        read_group(group, files, &mut constants)?;
    }
    let mut tensors = NamedTensors::new();
    for node in &model.model_topology.node {
        let Some(layout) = Layout::of(node) else {
            continue;
        };
        let in_node = |reason: String| format!("node {}: {reason}", node.name);
        layout.check(node).map_err(in_node)?;
        let name = timm_name(&node.name)
            .ok_or_else(|| in_node("not a layer of an EfficientNet".into()))?;
        let constant = |index: usize| {
            let input = node.input.get(index).ok_or("too few inputs")?;
            constants
                .get(input.as_str())
                .ok_or(format!("input {input} is not a float32 constant"))
        };
        let weight = constant(1)
            .and_then(|w| layout.to_torch(w))
            .map_err(in_node)?;
        let bias = constant(2).map_err(in_node)?;
        if bias.shape != weight.shape[..1] {
            let (bias, weight) = (&bias.shape, &weight.shape);
            return Err(in_node(format!(
                "bias is {bias:?} for a weight of {weight:?}"
            )));
        }
        tensors.insert(format!("{name}.weight"), weight);
        tensors.insert(format!("{name}.bias"), bias.clone());
    }
    if tensors.is_empty() {
        return Err(format!("{MODEL} has no convolutions"));
    }
    Ok(FoldedNetwork {
        tensors,
        family: Family::tensorflow(),
    })
}

/// Cuts a group's shards into its constants; keeps the float32 ones.
fn read_group<'a>(
    group: &'a Group,
    files: &Files,
    constants: &mut HashMap<&'a str, NamedTensor>,
) -> Result<(), String> {
    let mut bytes = Vec::new();
    for path in &group.paths {
        bytes.extend(files.get(path).ok_or(format!("{path} is missing"))?);
    }
    let mut rest = bytes.as_slice();
    let mut expected = 0usize;
    for constant in &group.weights {
        let Constant {
            name,
            shape,
            dtype,
            quantization,
        } = constant;
        if quantization.is_some() || !matches!(dtype.as_str(), "float32" | "int32") {
            return Err(format!("{name} is {dtype} or quantized, expected float32"));
        }
        let length = (shape.iter())
            .try_fold(4usize, |length, extent| length.checked_mul(*extent))
            .filter(|length| *length > 0)
            .ok_or(format!("{name} has the impossible shape {shape:?}"))?;
        expected = expected.saturating_add(length);
        // A group that is cut short is reported once its whole length is known.
        let Some((data, after)) = rest.split_at_checked(length) else {
            rest = &[];
            continue;
        };
        rest = after;
        if dtype == "float32" {
            let values = Float::F32.decode(data);
            let tensor = NamedTensor {
                shape: shape.clone(),
                values,
            };
            constants.insert(name, tensor);
        }
    }
    if expected != bytes.len() {
        let paths = group.paths.join(", ");
        let found = bytes.len();
        return Err(format!(
            "{paths}: {found} bytes, {MODEL} expects {expected}"
        ));
    }
    Ok(())
}

/// `blocks.1.0.conv_pw` for `x/model/stack_1/block_0/expand_bn/FusedBatchNormV3`.
fn timm_name(node: &str) -> Option<String> {
    let parts: Vec<&str> = node.split('/').collect();
    let number = |prefix: &str| {
        let found = parts.iter().find_map(|part| part.strip_prefix(prefix))?;
        found.parse::<usize>().ok()
    };
    let layer = parts.iter().rev().nth(1)?;
    let layer = ["_conv2d", "_bn"]
        .iter()
        .find_map(|suffix| layer.strip_suffix(suffix))
        .unwrap_or(layer);
    tensorflow_to_timm(number("stack_").zip(number("block_")), layer)
}

/// How TensorFlow lays out a layer's weight.
#[derive(Clone, Copy)]
enum Layout {
    /// `[height, width, in, out]`
    Convolution,
    /// `[height, width, in, multiplier]`
    Depthwise,
    /// `[in, out]`
    Dense,
}

impl Layout {
    /// `None` if the node is no layer with weights.
    fn of(node: &Node) -> Option<Self> {
        match node.op.as_str() {
            "_FusedConv2D" => Some(Self::Convolution),
            "FusedDepthwiseConv2dNative" => Some(Self::Depthwise),
            "_FusedMatMul" => Some(Self::Dense),
            _ => None,
        }
    }

    /// Only a bias may be fused, convolutions must pad as TensorFlow's EfficientNet does.
    fn check(self, node: &Node) -> Result<(), String> {
        let fused = &node.attr["fused_ops"]["list"]["s"];
        if *fused != serde_json::json!([BIAS_ADD]) {
            return Err(format!("fused_ops is {fused}, expected BiasAdd alone"));
        }
        let padding = &node.attr["padding"]["s"];
        match self {
            Self::Convolution | Self::Depthwise if *padding != SAME => {
                Err(format!("padding is {padding}, expected SAME"))
            }
            _ => Ok(()),
        }
    }

    /// The weight in PyTorch's layout: `[out, in / groups, height, width]` or `[out, in]`.
    fn to_torch(self, weight: &NamedTensor) -> Result<NamedTensor, String> {
        let axes: &[usize] = match self {
            Self::Convolution => &[3, 2, 0, 1],
            Self::Depthwise => &[2, 3, 0, 1],
            Self::Dense => &[1, 0],
        };
        if weight.shape.len() != axes.len() {
            return Err(format!(
                "weight is {:?}, expected {} axes",
                weight.shape,
                axes.len()
            ));
        }
        let mut weight = permute(weight, axes);
        if let (Self::Depthwise, [channels, multiplier, ..]) = (self, weight.shape.as_mut_slice()) {
            *channels *= *multiplier;
            *multiplier = 1;
        }
        Ok(weight)
    }
}

/// numpy's `transpose(axes)`: axis `i` of the result is axis `axes[i]` of the tensor.
fn permute(tensor: &NamedTensor, axes: &[usize]) -> NamedTensor {
    let mut strides = vec![1; tensor.shape.len()];
    for axis in (1..strides.len()).rev() {
        strides[axis - 1] = strides[axis] * tensor.shape[axis];
    }
    let shape: Vec<usize> = axes.iter().map(|axis| tensor.shape[*axis]).collect();
    let values = (0..tensor.values.len())
        .map(|position| {
            let (mut rest, mut source) = (position, 0);
            for (extent, axis) in shape.iter().zip(axes).rev() {
                source += rest % extent * strides[*axis];
                rest /= extent;
            }
            tensor.values[source]
        })
        .collect();
    NamedTensor { shape, values }
}

#[cfg(test)]
mod tests;
