//! From a checkpoint to a checked ONNX file.

mod accuracy;
mod fold;
mod moments;
mod network;
mod precision;
mod preprocessing;
mod ties;
mod verify;

use std::path::Path;

use contract::Contract;
use dataset::Split;
use onnx::{Dim, Elem, GraphBuilder, ModelProto};

pub use moments::{Moments, to_moments_onnx};
pub use precision::{Gate, Precision};
pub use verify::{Answers, ExportCheck, verify};

use self::{network::NetworkBuilder, preprocessing::add_preprocessing};
use crate::{checkpoint::Checkpoint, error::TrainError, model::EfficientNetConfig};

/// Opset of the exported graph: all its operators exist there, and every
/// ONNX Runtime since 1.14 reads it.
pub const OPSET: i64 = 18;

/// The checkpoint as an ONNX model: uint8 pixels in, logits and probabilities
/// out, the contract in the metadata. `precision` is the network's;
/// preprocessing and outputs are float32 always.
pub fn to_onnx(
    checkpoint: &Checkpoint,
    config: &EfficientNetConfig,
    precision: Precision,
) -> ModelProto {
    let contract = &checkpoint.contract;
    let (mut graph, images) = begin(contract);
    let network = NetworkBuilder {
        graph: &mut graph,
        config,
        tensors: checkpoint.tensors.clone(),
        precision,
        size: [contract.preprocessing.height, contract.preprocessing.width],
        observed: None,
    };
    network.build(&images, &contract.output.logits);
    finish(graph, contract)
}

/// A graph that takes a batch of images, and the name of what the network sees of them.
fn begin(contract: &Contract) -> (GraphBuilder, String) {
    let mut graph = GraphBuilder::new(&contract.architecture, OPSET);
    graph.input(
        &contract.input.name,
        Elem::U8,
        &[
            batch(),
            Dim::Fixed(contract.input.height as i64),
            Dim::Fixed(contract.input.width as i64),
            Dim::Fixed(contract.input.channels as i64),
        ],
    );
    let images = add_preprocessing(&mut graph, contract);
    (graph, images)
}

fn batch() -> Dim {
    Dim::Symbolic("batch".to_owned())
}

/// The graph whose logits are there, with probabilities, outputs and metadata.
fn finish(mut graph: GraphBuilder, contract: &Contract) -> ModelProto {
    let classes = Dim::Fixed(contract.classes.len() as i64);
    let logits = contract.output.logits.as_str();
    let probabilities = contract.output.probabilities.as_str();
    graph.node(
        "Softmax",
        probabilities,
        &[logits],
        &[probabilities],
        vec![onnx::Attribute::int("axis", 1)],
    );
    graph.output(logits, Elem::F32, &[batch(), classes.clone()]);
    graph.output(probabilities, Elem::F32, &[batch(), classes]);
    graph.build("trainer", env!("CARGO_PKG_VERSION"), &metadata(contract))
}

/// The contract, and beside it the keys that other tools look for.
fn metadata(contract: &Contract) -> Vec<(String, String)> {
    vec![
        (contract::METADATA_KEY.to_owned(), contract.to_json()),
        (
            "names".to_owned(),
            serde_json::to_string(&contract.classes).unwrap_or_default(),
        ),
        ("task".to_owned(), "classify".to_owned()),
    ]
}

/// Exports `checkpoint` to `out` and checks it on `images`, as [`verify`]
/// does. The file appears only once it has passed.
///
/// # Errors
/// The check of [`verify`] fails, or the file cannot be written.
pub fn export_checked(
    checkpoint: &Checkpoint,
    config: &EfficientNetConfig,
    gate: &Gate,
    images: &Split,
    burn_top1: Option<f64>,
    runtime: Option<&Path>,
    out: &Path,
) -> Result<ExportCheck, TrainError> {
    let bytes = to_onnx(checkpoint, config, gate.precision).to_bytes();
    let check = verify(&bytes, checkpoint, config, gate, images, burn_top1, runtime)?;
    contract::fs::write_atomically(out, &bytes).map_err(TrainError::io("write", out))?;
    Ok(check)
}
