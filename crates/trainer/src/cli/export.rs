//! `trainer export`: a checkpoint becomes a checked ONNX file.

use std::{path::PathBuf, process::ExitCode};

use clap::Args;
use dataset::Source;
use trainer::{
    checkpoint::Checkpoint,
    export::{self, ExportCheck},
    train::{Recipe, TrainingData},
};

use super::{
    locations::{DatasetArguments, RuntimeArguments},
    progress::duration,
};

#[derive(Debug, Args)]
pub struct ExportArguments {
    /// A run's checkpoint, such as runs/digits/checkpoints/best.safetensors
    checkpoint: PathBuf,
    /// The ONNX file to write
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    #[command(flatten)]
    dataset: DatasetArguments,
    #[command(flatten)]
    runtime: RuntimeArguments,
}

pub fn run(arguments: &ExportArguments) -> anyhow::Result<ExitCode> {
    let path = &arguments.checkpoint;
    let checkpoint = Checkpoint::load(path)?;
    let recorded = &checkpoint.contract.training;
    let recipe: Recipe = serde_json::from_value(recorded.recipe.clone())?;
    // A folder's name stands for itself; it is found again from where the run was started.
    let source: Source = match recorded.dataset.name.parse() {
        Ok(source) => source,
        Err(never) => match never {},
    };
    let dataset = arguments.dataset.open(&source)?;
    let preprocessing = &checkpoint.contract.preprocessing;
    let data = TrainingData::new(&dataset, &recipe, preprocessing.mean, preprocessing.std)?;
    let config = checkpoint.config(path)?;
    let (_, device) = trainer::device::DeviceKind::Cpu.open()?;
    let check = export::export_checked(
        &checkpoint,
        &config,
        &data.val,
        &device,
        arguments.runtime.runtime.as_deref(),
        &arguments.out,
    )?;
    print_check(&check);
    println!("{}", arguments.out.display());
    Ok(ExitCode::SUCCESS)
}

/// One line on what the check compared.
pub fn print_check(check: &ExportCheck) {
    let burn = match check.burn_top1 {
        Some(top1) => format!(", burn {:.2} %", 100.0 * top1),
        None => String::new(),
    };
    let ties = match check.rounding_ties {
        0 => String::new(),
        ties => format!(" ({ties} of them apart by a rounding tie of the upscale)"),
    };
    eprintln!(
        "export checked in {}: logits of {} images within {:.1e} of burn's{ties}; top-1 on {} validation images {:.2} %{burn}",
        duration(check.seconds),
        check.compared,
        check.largest_difference,
        check.val_images,
        100.0 * check.onnx_top1,
    );
}
