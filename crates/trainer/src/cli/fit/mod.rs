//! `trainer fit`: from a recipe and a data set to a checked ONNX file.

mod dry_run;
mod judgement;
mod page;
mod saved_run;
mod test_split;

use std::{path::PathBuf, process::ExitCode, time::Duration};

use clap::Args;
use trainer::{
    TrainError,
    checkpoint::Checkpoint,
    device::OpenedDevices,
    export::{self, ExportCheck, Gate},
    model::EfficientNet,
    train::{self, Job, RunFolder, Start, TrainingState},
};

use self::saved_run::SavedRun;
use super::{
    export::describe,
    introduction::introduction,
    locations::RuntimeArguments,
    note::note,
    prepared::Prepared,
    progress::{TensorboardFeedback, TerminalFeedback},
    start::StartArguments,
    stop::Stop,
};

#[derive(Debug, Args)]
pub struct FitArguments {
    #[command(flatten)]
    start: StartArguments,
    /// Folder for the run; must be new or empty [default: a new one under runs/]
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Go on with the run in this folder, whatever ended it: same recipe, data, shuffles and
    /// augmentations, and on the processor the same weights, bit for bit. --dataset and
    /// --data-path say where data that has moved is now
    #[arg(long, value_name = "DIR", conflicts_with_all = ["recipe", "out", "weights_family", "RecipeOverrides"])]
    resume: Option<PathBuf>,
    #[command(flatten)]
    runtime: RuntimeArguments,
    /// Seconds of training that a crash may cost: the run's state is written this often
    #[arg(long, value_name = "SECONDS", default_value_t = 300.0, value_parser = seconds)]
    state_interval: f64,
    /// Print the resolved recipe, parameters, multiply-accumulates, the speed measured on this
    /// device and the time that the run would take; train nothing and write nothing
    #[arg(long, conflicts_with_all = ["resume", "out"])]
    dry_run: bool,
    /// No progress bar
    #[arg(short, long)]
    quiet: bool,
}

fn seconds(text: &str) -> Result<f64, String> {
    match text.parse() {
        Ok(seconds) if (0.0..=1e9).contains(&seconds) => Ok(seconds),
        _ => Err("expected a number of seconds, 0 or more".to_owned()),
    }
}

impl FitArguments {
    fn prepared(&self, opened: &OpenedDevices) -> anyhow::Result<(Prepared, EfficientNet)> {
        Prepared::new(
            &self.start,
            self.start.recipe.resolve()?,
            opened,
            self.quiet,
        )
    }
}

pub fn run(arguments: &FitArguments) -> anyhow::Result<ExitCode> {
    let opened = arguments.start.open()?;
    if arguments.dry_run {
        let (prepared, network) = arguments.prepared(&opened)?;
        note(introduction(&prepared, &opened));
        print!("{}", dry_run::report(&prepared, &network, &opened)?);
        opened.finish();
        return Ok(ExitCode::SUCCESS);
    }
    // Before hours of training, not after.
    let runtime = arguments.runtime.runtime.as_deref();
    let onnxruntime = infer::load_runtime(runtime)?;
    let (prepared, start, run) = match &arguments.resume {
        Some(folder) => resumed(arguments, folder)?,
        None => fresh(arguments, &opened)?,
    };
    let job = Job {
        recipe: &prepared.recipe,
        data: &prepared.data,
        config: &prepared.config,
        contract: &prepared.contract,
        run: &run,
        devices: &opened.devices,
        runtime,
        features: &prepared.features,
        state_interval: Duration::from_secs_f64(arguments.state_interval),
    };
    let _lock = run.lock()?;
    let best = match &start {
        Start::Fresh(_) => None,
        Start::Resumed(state) => state.progress.history.best(prepared.recipe.monitor),
    };
    let terminal = TerminalFeedback::new(&prepared.recipe, &run.log(), best, arguments.quiet);
    let mut feedback = (terminal, TensorboardFeedback::new(run.path()));
    feedback
        .0
        .say(&format!("run      {}", run.path().display()));
    feedback.0.say(&introduction(&prepared, &opened));
    feedback.0.say(&format!(
        "ONNX Runtime {} from {}",
        onnxruntime.version,
        onnxruntime.path.display()
    ));
    let stop = Stop::on_interrupt()?;
    let trained = opened.run(|| train::fit(&job, start, &mut feedback, stop.requested()));
    let outcome = trained.inspect_err(|error| {
        feedback.0.log(&format!("error: {error}"));
        run.remove_if_nothing_was_learnt();
    })?;
    stop.training_is_over();
    let check = export_best(&job, &feedback.0)?;
    stop.export_is_done();
    if !outcome.interrupted {
        judgement::judge(&job, &outcome.history, &check, &feedback.0)?;
    }
    println!("{}", run.model().display());
    note(format_args!(
        "next: infer eval --model {}",
        run.model().display()
    ));
    Ok(if outcome.interrupted {
        note(format_args!(
            "to go on: trainer fit --resume {}",
            run.path().display()
        ));
        ExitCode::from(130)
    } else {
        opened.finish();
        ExitCode::SUCCESS
    })
}

/// Exports the best epoch and checks it.
fn export_best(job: &Job<'_>, feedback: &TerminalFeedback) -> Result<ExportCheck, TrainError> {
    let best = Checkpoint::load(&job.run.best_or_last(job.recipe.monitor)?)?;
    let check = export::export_checked(
        &best,
        job.config,
        &Gate::default(),
        &job.data.val,
        best.val_top1(),
        job.runtime,
        &job.run.model(),
    )?;
    feedback.say(&describe(&check));
    Ok(check)
}

/// A new run.
fn fresh(
    arguments: &FitArguments,
    opened: &OpenedDevices,
) -> anyhow::Result<(Prepared, Start, RunFolder)> {
    let (prepared, network) = arguments.prepared(opened)?;
    let run = match &arguments.out {
        Some(out) => RunFolder::create(out)?,
        None => RunFolder::create_next("runs".as_ref(), &prepared.data.info.name)?,
    };
    let described = run
        .write_recipe(&prepared.recipe)
        .map_err(anyhow::Error::from)
        .and_then(|()| SavedRun::of(&arguments.start.dataset, &prepared)?.save(&run));
    described.inspect_err(|_| run.remove_if_nothing_was_learnt())?;
    Ok((prepared, Start::Fresh(Box::new(network)), run))
}

/// The run in `folder` where it was.
fn resumed(
    arguments: &FitArguments,
    folder: &std::path::Path,
) -> anyhow::Result<(Prepared, Start, RunFolder)> {
    let run = RunFolder::open(folder)?;
    let prepared = SavedRun::load(&run)?.prepare(&run, &arguments.start.dataset)?;
    let state = TrainingState::load(&run.state())?;
    Ok((prepared, Start::Resumed(Box::new(state)), run))
}
