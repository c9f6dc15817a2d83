//! The words in which a run is told.

use std::{path::Path, time::Instant};

use trainer::train::{EpochRecord, Monitor, Recipe, Speed, StepRecord};

/// An epoch that is over.
pub fn epoch(record: &EpochRecord, recipe: &Recipe, speed: &Speed, is_best: bool) -> String {
    let by_classes = match recipe.monitor {
        Monitor::ValTop1 | Monitor::ValLoss => None,
        Monitor::ValMacroF1 => Some("macro F1"),
        Monitor::ValBalancedAccuracy => Some("balanced accuracy"),
    };
    let by_classes = by_classes.map_or(String::new(), |name| {
        format!(" {name} {:.2} %", 100.0 * record.monitored(recipe.monitor))
    });
    format!(
        "epoch {}/{}  train loss {:.4} top-1 {:.2} %  val loss {:.4} top-1 {:.2} % top-5 {:.2} %{by_classes}  {:.1} img/s  {}{}",
        record.epoch,
        recipe.epochs,
        record.train_loss,
        100.0 * record.train_top1,
        record.val_loss,
        100.0 * record.val_top1,
        100.0 * record.val_top5,
        speed.images_per_second,
        duration(speed.seconds),
        if is_best { "  best" } else { "" },
    )
}

/// An epoch of the last layer on its own.
pub fn head_epoch(epoch: usize, epochs: usize, loss: f64, top1: f64) -> String {
    format!(
        "last layer, epoch {epoch}/{epochs}  train loss {loss:.4} top-1 {:.2} %",
        100.0 * top1
    )
}

/// A file of computed numbers that is no longer what was written.
pub fn damaged(file: &Path) -> String {
    format!("'{}' is damaged; it is computed anew", file.display())
}

/// How fast the epoch under way is.
pub struct Pace {
    epochs: usize,
    epoch: usize,
    steps: usize,
    /// Steps and images of the epoch that an earlier process has done.
    done_before: usize,
    images_before: Option<usize>,
    began: Instant,
}

impl Pace {
    pub fn new(epochs: usize) -> Self {
        Self {
            epochs,
            epoch: 0,
            steps: 0,
            done_before: 0,
            images_before: None,
            began: Instant::now(),
        }
    }

    pub fn epoch(&self) -> usize {
        self.epoch
    }

    pub fn steps(&self) -> usize {
        self.steps
    }

    pub fn epoch_begins(&mut self, epoch: usize, done: usize, steps: usize) {
        self.epoch = epoch;
        self.steps = steps;
        self.done_before = done;
        self.images_before = None;
        self.began = Instant::now();
    }

    pub fn step(&mut self, step: &StepRecord) {
        let before = step.images - step.images / step.step;
        self.images_before.get_or_insert(before);
    }

    /// Loss, accuracy, speed and the time that is left, if later epochs are as
    /// fast as this one.
    pub fn message(&self, step: &StepRecord) -> String {
        let elapsed = self.began.elapsed().as_secs_f64();
        let step_seconds = elapsed / (step.step - self.done_before) as f64;
        let left_in_epoch = step_seconds * (self.steps - step.step) as f64;
        let left_after = step_seconds * (self.steps * (self.epochs - self.epoch)) as f64;
        let images = step.images - self.images_before.unwrap_or(0);
        format!(
            "loss {:.4}  top-1 {:.2} %  {:.1} img/s  {} left",
            step.mean_loss,
            100.0 * step.mean_top1,
            images as f64 / elapsed,
            duration(left_in_epoch + left_after),
        )
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
    use super::*;

    #[test]
    fn durations_read_well() {
        assert_eq!(duration(6.6), "7s");
        assert_eq!(duration(185.0), "3m05s");
        assert_eq!(duration(3725.0), "1h02m");
    }

    #[test]
    fn an_epoch_shows_the_figure_that_decides() {
        let record = EpochRecord {
            epoch: 2,
            learning_rate: 1e-3,
            train_loss: 1.0,
            train_top1: 0.5,
            val_loss: 2.0,
            val_top1: 0.75,
            val_top5: 1.0,
            val_macro_f1: Some(0.625),
            val_balanced_accuracy: Some(0.5),
        };
        let speed = Speed {
            epoch: 2,
            images_per_second: 10.0,
            seconds: 3.0,
        };
        let line = |monitor| {
            let recipe = Recipe {
                epochs: 4,
                monitor,
                ..Recipe::default()
            };
            epoch(&record, &recipe, &speed, true)
        };
        let plain = "epoch 2/4  train loss 1.0000 top-1 50.00 %  val loss 2.0000 top-1 75.00 % top-5 100.00 %";
        let end = "  10.0 img/s  3s  best";
        assert_eq!(line(Monitor::ValTop1), format!("{plain}{end}"));
        assert_eq!(
            line(Monitor::ValMacroF1),
            format!("{plain} macro F1 62.50 %{end}")
        );
        let balanced = line(Monitor::ValBalancedAccuracy);
        assert_eq!(balanced, format!("{plain} balanced accuracy 50.00 %{end}"));
    }

    #[test]
    fn a_resumed_epoch_counts_only_its_own_images() {
        let mut pace = Pace::new(2);
        pace.epoch_begins(1, 9, 20);
        let step = StepRecord {
            epoch: 1,
            step: 10,
            step_of_run: 10,
            images: 80,
            loss: 1.0,
            mean_loss: 2.0,
            mean_top1: 0.25,
            learning_rate: 0.1,
        };
        pace.step(&step);
        assert_eq!(pace.images_before, Some(72));
        let message = pace.message(&step);
        assert!(
            message.starts_with("loss 2.0000  top-1 25.00 %"),
            "{message}"
        );
    }
}
