//! Two bars on a terminal: the epoch, and the run.

use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};

const EPOCH: &str = "{prefix} [{bar:30}] {pos}/{len}  {msg}";
const RUN: &str = "{prefix} [{bar:30}] {percent} %  {elapsed} elapsed  {msg}";
/// Parts of an epoch that the run's bar tells apart.
const PARTS: usize = 1000;

pub struct Bars {
    both: MultiProgress,
    epoch: ProgressBar,
    run: ProgressBar,
    /// Epoch under way, and its steps.
    under_way: (usize, usize),
}

impl Bars {
    /// Bars for a run of `epochs` epochs, shown only if `visible`.
    pub fn new(epochs: usize, visible: bool) -> Self {
        let target = match visible {
            true => ProgressDrawTarget::stderr(),
            false => ProgressDrawTarget::hidden(),
        };
        let both = MultiProgress::with_draw_target(target);
        let epoch = both.add(ProgressBar::no_length());
        let run = both.add(ProgressBar::new((epochs * PARTS) as u64));
        run.set_style(style(RUN));
        run.set_prefix("run");
        Self {
            both,
            epoch,
            run,
            under_way: (0, 1),
        }
    }

    /// Calls `print` with the bars out of its way.
    pub fn suspended(&self, print: impl FnOnce()) {
        self.both.suspend(print);
    }

    pub fn features(&self, done: usize, total: usize) {
        if self.epoch.length() != Some(total as u64) {
            self.begin("features", total);
        }
        self.epoch.set_position(done as u64);
        self.epoch
            .set_message(format!("{:.0} img/s", self.epoch.per_sec()));
    }

    pub fn epoch_begins(&mut self, epoch: usize, size: usize, done: usize, steps: usize) {
        self.begin(&format!("epoch {epoch} at {size} px"), steps);
        self.under_way = (epoch, steps.max(1));
        self.epoch.set_position(done as u64);
    }

    pub fn step(&self, step: usize, message: &str) {
        let (epoch, steps) = self.under_way;
        self.epoch.set_position(step as u64);
        self.epoch.set_message(message.to_owned());
        let done = epoch.saturating_sub(1) * PARTS + step * PARTS / steps;
        self.run.set_position(done as u64);
    }

    pub fn validated(&self, done: usize, total: usize) {
        if self.epoch.length() != Some(total as u64) || self.epoch.position() > done as u64 {
            self.begin("validation", total);
        }
        self.epoch.set_position(done as u64);
    }

    /// `best` is the epoch that is exported if nothing better comes, and its share.
    pub fn epoch_ends(&self, epoch: usize, best: Option<(usize, f64)>) {
        self.run.set_position((epoch * PARTS) as u64);
        if let Some((epoch, share)) = best {
            let message = format!("best {:.2} % in epoch {epoch}", 100.0 * share);
            self.run.set_message(message);
        }
        if self.run.length() == Some(self.run.position()) {
            self.clear();
        }
    }

    pub fn clear(&self) {
        self.epoch.finish_and_clear();
        self.run.finish_and_clear();
    }

    fn begin(&self, what: &str, length: usize) {
        self.epoch.reset();
        self.epoch.set_style(style(EPOCH));
        self.epoch.set_length(length as u64);
        self.epoch.set_prefix(what.to_owned());
        self.epoch.set_message("");
    }
}

fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template)
        .unwrap_or_else(|_| ProgressStyle::default_bar())
        .progress_chars("=> ")
}
