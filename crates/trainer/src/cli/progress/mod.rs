//! What a person sees of a run: bars on a terminal, lines everywhere, and the
//! same lines in the run's log.

mod bars;
mod lines;
mod log;
mod tensorboard;

pub use lines::{damaged, duration};
pub use tensorboard::TensorboardFeedback;

use std::{
    io::IsTerminal,
    path::Path,
    time::{Duration, Instant},
};

use trainer::train::{EpochRecord, Feedback, Monitor, Recipe, Speed, StepRecord};

use self::{bars::Bars, lines::Pace, log::Log};
use super::note::note;

/// Where no bar moves, a line says this often how far the run is.
const BETWEEN_LINES: Duration = Duration::from_secs(30);

/// Lines about the last layer on its own, about so many.
const HEAD_LINES: usize = 4;

/// Shows a run on stderr and in its log.
pub struct TerminalFeedback {
    recipe: Recipe,
    bars: Bars,
    log: Log,
    /// Whether lines between epochs are shown, not only logged.
    verbose: bool,
    pace: Pace,
    said: Instant,
    best: Option<(usize, f64)>,
}

impl TerminalFeedback {
    /// For a run of `recipe` with its log at `log`, whose best epoch so far
    /// is `best`; `quiet` leaves away all but a line an epoch.
    pub fn new(recipe: &Recipe, log: &Path, best: Option<&EpochRecord>, quiet: bool) -> Self {
        let terminal = std::io::stderr().is_terminal();
        Self {
            recipe: recipe.clone(),
            bars: Bars::new(recipe.epochs, terminal && !quiet),
            log: Log::new(log),
            verbose: !terminal && !quiet,
            pace: Pace::new(recipe.epochs),
            said: Instant::now(),
            best: best.map(|record| (record.epoch, shown(record, recipe.monitor))),
        }
    }

    /// A line on stderr, above the bars, and in the log.
    pub fn say(&self, line: &str) {
        self.bars.suspended(|| note(line));
        self.log.add(line);
    }

    /// A line in the log alone.
    pub fn log(&self, line: &str) {
        self.log.add(line);
    }

    /// A line on how far the run is, if the last one was a while ago.
    fn say_sometimes(&mut self, line: impl FnOnce() -> String) {
        if self.said.elapsed() < BETWEEN_LINES {
            return;
        }
        self.said = Instant::now();
        let line = line();
        if self.verbose {
            note(&line);
        }
        self.log.add(&line);
    }
}

/// The share that stands for an epoch beside the bar: the figure that decides, or the
/// accuracy where that is the loss.
fn shown(record: &EpochRecord, monitor: Monitor) -> f64 {
    match monitor {
        Monitor::ValLoss => record.val_top1,
        share => record.monitored(share),
    }
}

impl Feedback for TerminalFeedback {
    fn features(&mut self, done: usize, total: usize) {
        self.bars.features(done, total);
        self.say_sometimes(|| format!("features of {done} of {total} images"));
    }

    fn damaged_features(&mut self, path: &Path) {
        self.say(&lines::damaged(path));
    }

    fn head_epoch(&mut self, epoch: usize, epochs: usize, loss: f64, top1: f64) {
        // There are many, and each takes a blink.
        if epoch == epochs || epoch.is_multiple_of(epochs.div_ceil(HEAD_LINES)) {
            self.say(&lines::head_epoch(epoch, epochs, loss, top1));
        }
    }

    fn epoch_begins(&mut self, epoch: usize, size: usize, done: usize, steps: usize) {
        self.pace.epoch_begins(epoch, done, steps);
        self.bars.epoch_begins(epoch, size, done, steps);
    }

    fn step(&mut self, step: &StepRecord) {
        self.pace.step(step);
        let message = self.pace.message(step);
        self.bars.step(step.step, &message);
        let place = format!("epoch {}/{}", self.pace.epoch(), self.recipe.epochs);
        let steps = self.pace.steps();
        self.say_sometimes(|| format!("{place}  step {}/{steps}  {message}", step.step));
    }

    fn validated(&mut self, done: usize, total: usize) {
        self.bars.validated(done, total);
    }

    fn epoch_ends(&mut self, record: &EpochRecord, speed: &Speed, is_best: bool) {
        self.say(&lines::epoch(record, &self.recipe, speed, is_best));
        if is_best {
            self.best = Some((record.epoch, shown(record, self.recipe.monitor)));
        }
        self.bars.epoch_ends(record.epoch, self.best);
        self.said = Instant::now();
    }

    fn plateau(&mut self, epoch: usize) {
        self.say(&format!(
            "epoch {epoch}: no better for a while, the learning rate falls"
        ));
    }

    fn stops_early(&mut self, epoch: usize) {
        self.say(&format!(
            "epoch {epoch}: no better for a while, the run ends here"
        ));
        self.bars.clear();
    }
}
