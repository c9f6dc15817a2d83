//! Progress of a run: a bar on a terminal, a line an epoch everywhere.

use std::{io::IsTerminal, time::Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use trainer::train::{EpochRecord, Feedback};

/// Shows a run on stderr.
pub struct TerminalFeedback {
    epochs: usize,
    epoch: usize,
    steps: usize,
    started: Instant,
    bar: ProgressBar,
}

impl TerminalFeedback {
    /// For a run of `epochs` epochs; `quiet` leaves the bar away.
    pub fn new(epochs: usize, quiet: bool) -> Self {
        let bar = ProgressBar::hidden();
        if !quiet && std::io::stderr().is_terminal() {
            bar.set_draw_target(ProgressDrawTarget::stderr());
        }
        Self {
            epochs,
            epoch: 0,
            steps: 0,
            started: Instant::now(),
            bar,
        }
    }
}

fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template)
        .unwrap_or_else(|_| ProgressStyle::default_bar())
        .progress_chars("=> ")
}

impl Feedback for TerminalFeedback {
    fn features(&mut self, done: usize, total: usize) {
        if self.bar.length() != Some(total as u64) {
            self.bar.reset();
            self.bar.set_length(total as u64);
            self.bar.set_prefix("features");
            self.bar
                .set_style(style("{prefix} [{bar:30}] {pos}/{len} {per_sec}"));
        }
        self.bar.set_position(done as u64);
    }

    fn head_epoch(&mut self, epoch: usize, loss: f64, top1: f64) {
        let line = format!(
            "last layer, epoch {epoch}  train loss {loss:.4} top-1 {:.2} %",
            100.0 * top1
        );
        self.bar.suspend(|| eprintln!("{line}"));
    }

    fn epoch_begins(&mut self, epoch: usize, steps: usize) {
        self.epoch = epoch;
        self.steps = steps;
        self.started = Instant::now();
        self.bar.reset();
        self.bar
            .set_style(style("{prefix} [{bar:30}] {pos}/{len} {msg}"));
        self.bar.set_length(steps as u64);
        self.bar
            .set_prefix(format!("epoch {epoch}/{}", self.epochs));
        self.bar.set_message("");
    }

    fn step(&mut self, step: usize, images: usize, loss: f64, top1: f64) {
        let elapsed = self.started.elapsed().as_secs_f64();
        let left_in_epoch = elapsed / step as f64 * (self.steps - step) as f64;
        let left_after = elapsed / step as f64 * (self.steps * (self.epochs - self.epoch)) as f64;
        self.bar.set_position(step as u64);
        self.bar.set_message(format!(
            "loss {loss:.4}  top-1 {:.2} %  {:.1} img/s  {} left",
            100.0 * top1,
            images as f64 / elapsed,
            duration(left_in_epoch + left_after),
        ));
    }

    fn validated(&mut self, done: usize, total: usize) {
        if self.bar.length() != Some(total as u64)
            || done <= total && self.bar.position() > done as u64
        {
            self.bar.set_length(total as u64);
            self.bar
                .set_style(style("{prefix} [{bar:30}] {pos}/{len} validating"));
        }
        self.bar.set_position(done as u64);
    }

    fn epoch_ends(&mut self, record: &EpochRecord, is_best: bool) {
        let line = format!(
            "epoch {}/{}  train loss {:.4} top-1 {:.2} %  val loss {:.4} top-1 {:.2} % top-5 {:.2} %  {:.1} img/s  {}{}",
            record.epoch,
            self.epochs,
            record.train_loss,
            100.0 * record.train_top1,
            record.val_loss,
            100.0 * record.val_top1,
            100.0 * record.val_top5,
            record.images_per_second,
            duration(record.seconds),
            if is_best { "  best" } else { "" },
        );
        self.bar.suspend(|| eprintln!("{line}"));
        if record.epoch == self.epochs {
            self.bar.finish_and_clear();
        }
    }
}

/// Seconds as `1h02m`, `3m05s` or `7s`.
pub fn duration(seconds: f64) -> String {
    let seconds = seconds.round() as u64;
    let (hours, minutes) = (seconds / 3600, seconds / 60 % 60);
    match (hours, minutes) {
        (0, 0) => format!("{seconds}s"),
        (0, _) => format!("{minutes}m{:02}s", seconds % 60),
        _ => format!("{hours}h{minutes:02}m"),
    }
}

#[cfg(test)]
mod tests {
    use super::duration;

    #[test]
    fn durations_read_well() {
        assert_eq!(duration(6.6), "7s");
        assert_eq!(duration(185.0), "3m05s");
        assert_eq!(duration(3725.0), "1h02m");
    }
}
