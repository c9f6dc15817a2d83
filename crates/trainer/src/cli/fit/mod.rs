//! `trainer fit`: from a recipe and a data set to a checked ONNX file.

mod dry_run;
mod judgement;
mod next_steps;
mod page;
mod resume;
pub mod saved_run;
mod test_split;

use std::{fs::File, path::PathBuf, process::ExitCode, time::Duration};

use clap::Args;
use trainer::{
    TrainError,
    device::OpenedDevices,
    export::{self, ExportCheck, Gate},
    model::EfficientNet,
    train::{self, Job, Outcome, RunFolder, Start},
};

use self::{next_steps::NextSteps, saved_run::SavedRun};
use super::{
    export::describe,
    failure::wrong_usage_with_hint,
    introduction::introduction,
    locations::RuntimeArguments,
    note::note,
    output::print,
    prepared::Prepared,
    progress::{TensorboardFeedback, TerminalFeedback},
    start::StartArguments,
    stop::{INTERRUPTED, Stop},
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
    /// --data-path say where data that has moved is now. --epochs gives it another number of
    /// epochs, a finished run too: everything up to here stays, and from the next step on the
    /// learning rate and the size of the images are those of a run of that many epochs
    #[arg(long, value_name = "RUN")]
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
    let refusal = |folder| resume::refusal(arguments, folder);
    if let Some((line, hint)) = arguments.resume.as_deref().and_then(refusal) {
        return Ok(wrong_usage_with_hint(&line, &hint));
    }
    let opened = arguments.start.open()?;
    if arguments.dry_run {
        let (prepared, network) = arguments.prepared(&opened)?;
        note(introduction(&prepared, &opened));
        let report = dry_run::report(&prepared, &network, &opened)?;
        opened.finish();
        print(report)?;
        return Ok(ExitCode::SUCCESS);
    }
    // Before hours of training, not after.
    let runtime = arguments.runtime.runtime.as_deref();
    let onnxruntime = infer::load_runtime(runtime)?;
    let (prepared, start, run, _lock) = match &arguments.resume {
        Some(folder) => resume::resumed(arguments, folder)?,
        None => fresh(arguments, &opened)?,
    };
    let next = NextSteps::new(&run, arguments);
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
    let stop = Stop::on_interrupt(&next.go_on)?;
    let trained = opened.run(|| train::fit(&job, start, &mut feedback, stop.requested()));
    let outcome = trained.map_err(|error| {
        feedback.0.log(&format!("error: {error}"));
        let error = given_up(error, &run);
        if error.is_of_the_surroundings() && run.state().is_file() {
            note(format_args!("to go on: {}", next.go_on));
        }
        error
    })?;
    stop.training_is_over();
    let check = match export_chosen(&job, &outcome, &feedback.0) {
        // A few steps leave running statistics that fit no weights, and activations beyond
        // what two libraries round alike. What was learnt is in the state.
        Err(error @ TrainError::ExportCheck { .. }) if outcome.interrupted => {
            note(format_args!(
                "not exported, it has learnt too little: {error}"
            ));
            note(format_args!("to go on: {}", next.go_on));
            return Ok(ExitCode::from(INTERRUPTED));
        }
        check => check?,
    };
    stop.export_is_done();
    if !outcome.interrupted {
        judgement::judge(&job, &outcome.history, &check, &next.go_on, &feedback.0)?;
    }
    note(format_args!("next: {}", next.evaluate));
    let code = if outcome.interrupted {
        note(format_args!("to go on: {}", next.go_on));
        ExitCode::from(INTERRUPTED)
    } else {
        opened.finish();
        ExitCode::SUCCESS
    };
    print(run.model().display().to_string())?;
    Ok(code)
}

/// Removes the run's folder if nothing was learnt, and gives what there is to say of the `error`
/// then.
fn given_up(error: TrainError, run: &RunFolder) -> TrainError {
    match run.remove_if_nothing_was_learnt() && error.is_of_the_surroundings() {
        true => TrainError::NothingKept {
            source: Box::new(error),
        },
        false => error,
    }
}

/// Chooses a checkpoint, keeps it as the best one if the run is over, exports it and checks the
/// export.
fn export_chosen(
    job: &Job<'_>,
    outcome: &Outcome,
    feedback: &TerminalFeedback,
) -> Result<ExportCheck, TrainError> {
    let choice = train::choose(job, &outcome.history)?;
    let chosen = choice.checkpoint;
    // A run that goes on has to find the best of its whole epochs.
    if choice.path != job.run.best_checkpoint() && !outcome.interrupted {
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
    Ok(check)
}

/// A new run.
fn fresh(
    arguments: &FitArguments,
    opened: &OpenedDevices,
) -> anyhow::Result<(Prepared, Start, RunFolder, File)> {
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
        .and_then(|()| {
            let start = &arguments.start;
            SavedRun::of(&start.dataset, &start.recipe, &prepared, &run)?.save(&run)
        });
    described.map_err(|error| match error.downcast() {
        Ok(error) => given_up(error, &run).into(),
        Err(other) => {
            run.remove_if_nothing_was_learnt();
            other
        }
    })?;
    let lock = run.lock()?;
    Ok((prepared, Start::Fresh(Box::new(network)), run, lock))
}
