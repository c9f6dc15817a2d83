//! `trainer fit`: from a recipe and a data set to a checked ONNX file.

mod dry_run;
mod saved_run;
mod test_split;

use std::{path::PathBuf, process::ExitCode, time::Duration};

use clap::Args;
use trainer::{
    TrainError,
    checkpoint::Checkpoint,
    device::OpenedDevices,
    export::{self, Gate},
    model::EfficientNet,
    train::{self, History, Job, RunFolder, Start, TrainingState},
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
        Prepared::new(&self.start, opened, self.quiet)
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
    let epochs = prepared.recipe.epochs;
    let terminal = TerminalFeedback::new(epochs, &run.log(), best, arguments.quiet);
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
    export_chosen(&job, &outcome.history, &feedback.0)?;
    stop.export_is_done();
    if let (Some(test), false) = (&prepared.data.test, outcome.interrupted) {
        let evaluation = test_split::evaluate(&run.model(), test, runtime)?;
        run.write_test(&evaluation)?;
        feedback.0.say(&test_split::summary(&evaluation));
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

/// Chooses a checkpoint, keeps it as the best one, exports it and checks the export.
fn export_chosen(
    job: &Job<'_>,
    history: &History,
    feedback: &TerminalFeedback,
) -> Result<(), TrainError> {
    let choice = train::choose(job, history)?;
    let chosen = Checkpoint::load(&choice.checkpoint)?;
    if choice.checkpoint != job.run.best_checkpoint() {
        chosen.save(&job.run.best_checkpoint())?;
    }
    if let Some(said) = choice.said {
        feedback.say(&format!("exported {said}"));
    }
    let check = export::export_checked(
        &chosen,
        job.config,
        &Gate::default(),
        &job.data.val,
        chosen.val_top1(),
        job.runtime,
        &job.run.model(),
    )?;
    feedback.say(&describe(&check));
    Ok(())
}

/// A new run.
fn fresh(
    arguments: &FitArguments,
    opened: &OpenedDevices,
) -> anyhow::Result<(Prepared, Start, RunFolder)> {
    let (mut prepared, network) = arguments.prepared(opened)?;
    let runtime = arguments.runtime.runtime.as_deref();
    let network = prepared.with_statistics(network, opened, runtime)?;
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
