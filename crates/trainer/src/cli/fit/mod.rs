//! `trainer fit`: from a recipe and a data set to a checked ONNX file.

mod introduction;
mod prepared;
mod saved_run;

use std::{path::PathBuf, process::ExitCode, time::Duration};

use burn::tensor::Device;
use clap::Args;
use pretrained::Family;
use trainer::{
    checkpoint::Checkpoint,
    device::DeviceKind,
    export::{self, Gate},
    train::{self, Job, Recipe, RunFolder, Start, TrainingState},
};

use self::{introduction::introduction, prepared::Prepared, saved_run::SavedRun};
use super::{
    export::print_check,
    locations::{DatasetArguments, ModelsArguments, RuntimeArguments},
    overrides::RecipeOverrides,
    progress::TerminalFeedback,
    stop::Stop,
};

#[derive(Debug, Args)]
pub struct FitArguments {
    /// Recipe: a built-in one (`trainer recipes` prints them) or a TOML file
    #[arg(long, value_name = "NAME|FILE")]
    recipe: Option<String>,
    #[command(flatten)]
    dataset: DatasetArguments,
    /// Folder for the run; must be new or empty [default: a new one under runs/]
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Go on with the run in this folder, whatever ended it: same recipe, data, shuffles and
    /// augmentations, and on the processor the same weights, bit for bit
    #[arg(long, value_name = "DIR", conflicts_with_all = ["recipe", "dataset", "out", "weights_family"])]
    resume: Option<PathBuf>,
    /// Device: auto, cpu, cuda, rocm, metal or vulkan, by what was compiled in
    #[arg(long, default_value_t = DeviceKind::Auto, value_name = "NAME")]
    device: DeviceKind,
    /// Padding and batch-norm epsilon of the weights [default: what their file says]
    #[arg(long, value_name = "torch|tensorflow", value_parser = family)]
    weights_family: Option<Family>,
    #[command(flatten)]
    models: ModelsArguments,
    #[command(flatten)]
    runtime: RuntimeArguments,
    /// Seconds of training that a crash may cost: the run's state is written this often
    #[arg(long, value_name = "SECONDS", default_value_t = 300.0, value_parser = seconds)]
    state_interval: f64,
    /// No progress bar
    #[arg(short, long)]
    quiet: bool,
    #[command(flatten)]
    overrides: RecipeOverrides,
}

fn family(text: &str) -> Result<Family, String> {
    match text {
        "torch" => Ok(Family::torch()),
        "tensorflow" => Ok(Family::tensorflow()),
        _ => Err("expected torch or tensorflow".to_owned()),
    }
}

fn seconds(text: &str) -> Result<f64, String> {
    match text.parse() {
        Ok(seconds) if (0.0..=1e9).contains(&seconds) => Ok(seconds),
        _ => Err("expected a number of seconds, 0 or more".to_owned()),
    }
}

pub fn run(arguments: &FitArguments) -> anyhow::Result<ExitCode> {
    let (device_kind, device) = arguments.device.open()?;
    // Before hours of training, not after.
    let runtime = arguments.runtime.runtime.as_deref();
    let onnxruntime = infer::load_runtime(runtime)?;
    let (prepared, start, run) = match &arguments.resume {
        Some(folder) => resumed(arguments, folder)?,
        None => fresh(arguments, &device)?,
    };
    let job = Job {
        recipe: &prepared.recipe,
        data: &prepared.data,
        config: &prepared.config,
        contract: &prepared.contract,
        run: &run,
        device: &device,
        runtime,
        features: &prepared.features,
        state_interval: Duration::from_secs_f64(arguments.state_interval),
    };
    eprintln!("{}", introduction(&job, device_kind));
    eprintln!(
        "ONNX Runtime {} from {}",
        onnxruntime.version,
        onnxruntime.path.display()
    );
    let stop = Stop::on_interrupt()?;
    let mut feedback = TerminalFeedback::new(prepared.recipe.epochs, arguments.quiet);
    let outcome = train::fit(&job, start, &mut feedback, stop.requested())
        .inspect_err(|_| run.remove_if_nothing_was_learnt())?;
    stop.training_is_over();
    let best = Checkpoint::load(&run.best_or_last(prepared.recipe.monitor)?)?;
    let top1 = best.val_top1();
    let val = &prepared.data.val;
    let out = run.model();
    let gate = Gate::default();
    let check = export::export_checked(&best, &prepared.config, &gate, val, top1, runtime, &out)?;
    print_check(&check);
    println!("{}", out.display());
    eprintln!("next: infer eval --model {}", out.display());
    Ok(if outcome.interrupted {
        eprintln!("to go on: trainer fit --resume {}", run.path().display());
        ExitCode::from(130)
    } else {
        ExitCode::SUCCESS
    })
}

/// A new run.
fn fresh(
    arguments: &FitArguments,
    device: &Device,
) -> anyhow::Result<(Prepared, Start, RunFolder)> {
    let recipe = recipe(arguments)?;
    let (prepared, network) = Prepared::new(arguments, recipe, device)?;
    let run = match &arguments.out {
        Some(out) => RunFolder::create(out)?,
        None => RunFolder::create_next("runs".as_ref(), &prepared.data.info.name)?,
    };
    run.write_recipe(&prepared.recipe)?;
    SavedRun::of(&arguments.dataset, &prepared)?.save(&run)?;
    Ok((prepared, Start::Fresh(Box::new(network)), run))
}

/// The run in `folder` where it was.
fn resumed(
    arguments: &FitArguments,
    folder: &std::path::Path,
) -> anyhow::Result<(Prepared, Start, RunFolder)> {
    if arguments.overrides.any() {
        anyhow::bail!("--resume goes on with the run's own recipe and takes no recipe values");
    }
    let run = RunFolder::open(folder)?;
    let prepared = SavedRun::load(&run)?.prepare(&run, arguments.dataset.data_path.as_deref())?;
    let state = TrainingState::load(&run.state())?;
    Ok((prepared, Start::Resumed(Box::new(state)), run))
}

fn recipe(arguments: &FitArguments) -> anyhow::Result<Recipe> {
    let mut recipe = match &arguments.recipe {
        Some(recipe) => Recipe::load(recipe)?,
        None => Recipe::default(),
    };
    arguments.overrides.apply(&mut recipe);
    recipe.validate()?;
    Ok(recipe)
}
