//! `trainer export`: a checkpoint becomes a checked ONNX file.

use std::{path::PathBuf, process::ExitCode};

use clap::Args;
use contract::Preprocessing;
use trainer::{
    checkpoint::Checkpoint,
    export::{self, ExportCheck, Gate, Precision},
    train::TrainingData,
};

use super::{
    checkpoint_file::checkpoint_file,
    locations::{DatasetArguments, RuntimeArguments},
    note::note,
    output::print,
    progress::duration,
};

#[derive(Debug, Args)]
pub struct ExportArguments {
    /// A run's folder, such as runs/digits, for its best checkpoint; or one of its checkpoints,
    /// such as runs/digits/checkpoints/last.safetensors
    #[arg(value_name = "RUN|CHECKPOINT")]
    checkpoint: PathBuf,
    /// The ONNX file to write
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    /// Number format of the network: fp32, or fp16 for half the file
    #[arg(long, value_name = "FORMAT", default_value_t = Precision::Fp32)]
    precision: Precision,
    /// Most top-1 accuracy that fp16 may lose on the validation split
    #[arg(long, value_name = "SHARE", default_value_t = Gate::default().accuracy_loss, value_parser = share)]
    accuracy_loss: f64,
    /// Write the file whatever fp16 loses
    #[arg(long)]
    force: bool,
    #[command(flatten)]
    dataset: DatasetArguments,
    #[command(flatten)]
    runtime: RuntimeArguments,
}

fn share(text: &str) -> Result<f64, String> {
    match text.parse() {
        Ok(share) if (0.0..=1.0).contains(&share) => Ok(share),
        _ => Err("expected a share, 0 to 1".to_owned()),
    }
}

pub fn run(arguments: &ExportArguments) -> anyhow::Result<ExitCode> {
    let path = &checkpoint_file(&arguments.checkpoint)?;
    let checkpoint = Checkpoint::load(path)?;
    let contract = &checkpoint.contract;
    let recipe = checkpoint.recipe(path)?;
    let dataset = arguments.dataset.open_trained_on(contract, path)?;
    let Preprocessing { mean, std, .. } = contract.preprocessing;
    let data = TrainingData::new(&dataset, &recipe, mean, std)?;
    // Other images have another accuracy: nothing to compare with.
    let burn_top1 = (data.info == contract.training.dataset)
        .then(|| checkpoint.val_top1())
        .flatten();
    let gate = Gate {
        precision: arguments.precision,
        accuracy_loss: match arguments.force {
            true => 1.0,
            false => arguments.accuracy_loss,
        },
    };
    let check = export::export_checked(
        &checkpoint,
        &checkpoint.config(path)?,
        &gate,
        &data.val,
        burn_top1,
        arguments.runtime.runtime.as_deref(),
        &arguments.out,
    )?;
    note(describe(&check));
    print(arguments.out.display().to_string())?;
    Ok(ExitCode::SUCCESS)
}

/// One line on what the check compared.
pub fn describe(check: &ExportCheck) -> String {
    let burn = match check.burn_top1 {
        Some(top1) => format!(", burn {:.2} %", 100.0 * top1),
        None => String::new(),
    };
    let ties = match check.rounding_ties {
        0 => String::new(),
        ties => format!(" ({ties} of them apart by a rounding tie of the upscale)"),
    };
    let scored = &check.answers.outcome.evaluation;
    format!(
        "export checked in {}: logits of {} images within {:.1e} of burn's{ties}; top-1 on {} validation images {:.2} %{burn}",
        duration(check.seconds),
        check.compared,
        check.largest_difference,
        scored.images,
        100.0 * scored.top1,
    )
}
