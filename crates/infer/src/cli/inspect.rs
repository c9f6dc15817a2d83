//! `infer inspect`: the contract of a model.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;
use contract::{Contract, Fit, Resize};
use infer::ModelFile;
use serde::Serialize;

use super::{Failure, model, output};

/// Arguments of `infer inspect`.
#[derive(Debug, Args)]
pub struct InspectArgs {
    /// ONNX file exported by `trainer`, or the folder of its run.
    #[arg(value_name = "MODEL|RUN")]
    model: PathBuf,

    /// Print one JSON document instead of a table.
    #[arg(long)]
    json: bool,
}

/// The document that `--json` prints.
#[derive(Serialize)]
struct Document<'a> {
    path: &'a Path,
    bytes: usize,
    sha256: String,
    producer: &'a str,
    opset: i64,
    nodes: usize,
    contract: &'a Contract,
}

/// Runs the command.
pub fn run(args: &InspectArgs) -> Result<ExitCode, Failure> {
    let path = model::file(&args.model)?;
    let model = ModelFile::read(&path)?;
    if args.json {
        output::print_json(&Document {
            path: &path,
            bytes: model.bytes().len(),
            sha256: model.sha256(),
            producer: model.producer(),
            opset: model.opset(),
            nodes: model.nodes(),
            contract: model.contract(),
        })?;
    } else {
        output::print(&text(&path, &model))?;
    }
    Ok(ExitCode::SUCCESS)
}

fn text(path: &Path, model: &ModelFile) -> String {
    let contract = model.contract();
    let mut rows = file_rows(path, model);
    rows.extend(interface_rows(contract));
    rows.extend(training_rows(contract));
    output::facts(&rows)
}

fn file_rows(path: &Path, model: &ModelFile) -> Vec<(&'static str, String)> {
    let contract = model.contract();
    let megabytes = model.bytes().len() as f64 / 1e6;
    vec![
        ("Model", format!("{} ({megabytes:.2} MB)", path.display())),
        ("SHA-256", model.sha256()),
        (
            "Graph",
            format!(
                "opset {}, {} nodes, written by {}",
                model.opset(),
                model.nodes(),
                model.producer()
            ),
        ),
        ("Contract", format!("version {}", contract.version)),
        (
            "Architecture",
            format!(
                "{}, {} trainable parameters",
                contract.architecture, contract.parameters
            ),
        ),
    ]
}

fn interface_rows(contract: &Contract) -> Vec<(&'static str, String)> {
    let (input, pre, output) = (&contract.input, &contract.preprocessing, &contract.output);
    let classes = contract.classes.len();
    let fit = match contract.fit {
        Fit::Stretch => format!("stretched to {}x{}", input.height, input.width),
        Fit::CenterCrop { shorter_side } => {
            format!(
                "shorter side to {shorter_side}, centre {}x{} cut out",
                input.height, input.width
            )
        }
    };
    let kernel = match pre.resize {
        Resize::OpencvCubic => "OpenCV's cubic",
        Resize::PillowBicubic => "Pillow's bicubic, antialiased",
    };
    let resize = match [input.height, input.width] == [pre.height, pre.width] {
        true => String::new(),
        false => format!("to {}x{} ({kernel}), ", pre.height, pre.width),
    };
    let mut rows = vec![
        (
            "Input",
            format!(
                "{}: uint8 RGB [batch, {}, {}, {}]",
                input.name, input.height, input.width, input.channels
            ),
        ),
        ("Other sizes", format!("{fit} ({kernel}, before the graph)")),
        (
            "Preprocessing",
            format!(
                "{resize}* {}, - {:?}, / {:?} (in the graph)",
                pre.scale, pre.mean, pre.std
            ),
        ),
        (
            "Outputs",
            format!(
                "{} and {}: float32 [batch, {classes}]",
                output.logits, output.probabilities
            ),
        ),
        (
            "Classes",
            format!("{classes}: {}", contract.classes.join(", ")),
        ),
    ];
    if let Some(superclasses) = &contract.superclasses {
        let names = &superclasses.names;
        rows.push((
            "Superclasses",
            format!("{}: {}", names.len(), names.join(", ")),
        ));
    }
    rows
}

fn training_rows(contract: &Contract) -> Vec<(&'static str, String)> {
    let training = &contract.training;
    let data = &training.dataset;
    let mut rows = vec![
        (
            "Data set",
            format!(
                "{}, {} train, {} val, {} test images",
                data.name, data.train, data.val, data.test
            ),
        ),
        ("", format!("sha256 {}", data.sha256)),
    ];
    if let Some(split) = &data.split {
        rows.push((
            "",
            format!(
                "stratified val split of {}, seed {}",
                split.val_fraction, split.seed
            ),
        ));
    }
    rows.push(match &training.weights {
        Some(weights) => (
            "Weights",
            format!("{} (sha256 {})", weights.source, weights.sha256),
        ),
        None => ("Weights", "none, trained from scratch".to_owned()),
    });
    rows.push((
        "Training",
        format!(
            "{} epochs, trainer {}, Unix time {}",
            training.epochs, training.trainer_version, training.created_unix
        ),
    ));
    for (i, (name, value)) in training.metrics.iter().enumerate() {
        rows.push((
            if i == 0 { "Metrics" } else { "" },
            format!("{name} {value:.4}"),
        ));
    }
    for (i, (name, value)) in flatten(&training.recipe).into_iter().enumerate() {
        rows.push((
            if i == 0 { "Recipe" } else { "" },
            format!("{name} = {value}"),
        ));
    }
    rows
}

/// The leaves of a JSON document as dotted names and values.
fn flatten(value: &serde_json::Value) -> Vec<(String, String)> {
    let serde_json::Value::Object(fields) = value else {
        return vec![(String::new(), value.to_string())];
    };
    let leaves = |(name, value): (&String, &serde_json::Value)| {
        flatten(value)
            .into_iter()
            .map(move |(rest, leaf)| {
                let dot = if rest.is_empty() { "" } else { "." };
                (format!("{name}{dot}{rest}"), leaf)
            })
            .collect::<Vec<_>>()
    };
    fields.iter().flat_map(leaves).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_recipe_is_flattened_to_dotted_names() {
        let recipe = serde_json::json!({"epochs": 3, "optimizer": {"name": "adamw", "lr": 0.001}});
        let lines: Vec<String> = flatten(&recipe)
            .into_iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        assert_eq!(
            lines,
            ["epochs=3", "optimizer.lr=0.001", "optimizer.name=\"adamw\""]
        );
    }
}
