//! `trainer fit`: train, keep checkpoints, export, check.

use std::{path::PathBuf, process::ExitCode};

use clap::Args;
use contract::WeightsInfo;
use dataset::Source;
use pretrained::{Family, IMAGENET_MEAN, IMAGENET_STD};
use trainer::{
    checkpoint::Checkpoint,
    device::DeviceKind,
    export,
    model::EfficientNetConfig,
    train::{self, Job, Recipe, RunFolder, TrainingData},
    weights,
};

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

pub fn run(arguments: &FitArguments) -> anyhow::Result<ExitCode> {
    let recipe = recipe(arguments)?;
    let (device_kind, device) = arguments.device.open()?;
    // Before hours of training, not after.
    let runtime = arguments.runtime.runtime.as_deref();
    let onnxruntime = infer::load_runtime(runtime)?;
    let dataset = arguments.dataset.open(&Source::Digits)?;
    let weights = weights::resolve(
        &recipe.weights,
        &recipe.architecture,
        arguments.weights_family,
        &arguments.models.models_dir,
        !arguments.quiet,
    )?;
    let (mean, std) = weights
        .as_ref()
        .map_or((IMAGENET_MEAN, IMAGENET_STD), |weights| {
            (weights.mean, weights.std)
        });
    let data = TrainingData::new(&dataset, &recipe, mean, std)?;
    let family = weights
        .as_ref()
        .map(|weights| weights.family)
        .or(arguments.weights_family)
        .unwrap_or(Family::torch());
    let config = config(&recipe, data.classes.len(), family)?;
    let info = weights.as_ref().map(|weights| WeightsInfo {
        source: weights.source.clone(),
        sha256: weights.sha256.clone(),
    });
    // Parameters are created on the training device, where a backward is possible.
    let training_device = device.clone().autodiff();
    training_device.seed(recipe.seed);
    let model = match weights {
        Some(weights) => weights::into_network(weights, &config, &training_device)?,
        None => config.init(&training_device),
    };
    let parameters = model.trainable_parameters();
    let contract = train::contract(&recipe, &data, parameters, info);
    let run = match &arguments.out {
        Some(out) => RunFolder::create(out)?,
        None => RunFolder::create_next("runs".as_ref(), &dataset.name)?,
    };
    run.write_recipe(&recipe)?;
    let job = Job {
        recipe: &recipe,
        data: &data,
        config: &config,
        contract: &contract,
        run: &run,
        device: &device,
        runtime,
        features: &arguments.dataset.data_dir.join("features"),
    };
    eprintln!("{}", introduction(&job, device_kind, parameters));
    eprintln!(
        "ONNX Runtime {} from {}",
        onnxruntime.version,
        onnxruntime.path.display()
    );
    let stop = Stop::on_interrupt()?;
    let mut feedback = TerminalFeedback::new(recipe.epochs, arguments.quiet);
    let outcome = train::fit(&job, model, &mut feedback, stop.requested())
        .inspect_err(|_| run.remove_if_nothing_was_learnt())?;
    stop.training_is_over();
    let best = Checkpoint::load(&run.best_checkpoint())?;
    let top1 = best.val_top1();
    let check = export::export_checked(&best, &config, &data.val, top1, runtime, &run.model())?;
    print_check(&check);
    println!("{}", run.model().display());
    eprintln!("next: infer eval --model {}", run.model().display());
    Ok(if outcome.interrupted {
        ExitCode::from(130)
    } else {
        ExitCode::SUCCESS
    })
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

fn config(recipe: &Recipe, classes: usize, family: Family) -> anyhow::Result<EfficientNetConfig> {
    let config = EfficientNetConfig::variant(&recipe.architecture, classes, family)
        .ok_or_else(|| anyhow::anyhow!("unknown architecture '{}'", recipe.architecture))?;
    Ok(config
        .with_dropout(recipe.dropout)
        .with_stochastic_depth(recipe.stochastic_depth))
}

/// What is about to happen, in a few lines.
fn introduction(job: &Job<'_>, device: DeviceKind, parameters: usize) -> String {
    let info = &job.data.info;
    let weights = match &job.contract.training.weights {
        Some(weights) => format!(
            "{} (sha256 {})",
            weights.source,
            weights.sha256.get(..12).unwrap_or_default()
        ),
        None => "none, from scratch".to_owned(),
    };
    format!(
        "run      {}\nmodel    {}, {parameters} trainable parameters, {} px, {:?} padding\nweights  {weights}\ndata     {}: {} train, {} validation, {} test images, {} classes (sha256 {})\ndevice   {device}",
        job.run.path().display(),
        job.config.name,
        job.recipe.image_size,
        job.config.family.padding,
        info.name,
        info.train,
        info.val,
        info.test,
        job.data.classes.len(),
        info.sha256.get(..12).unwrap_or_default(),
    )
}
