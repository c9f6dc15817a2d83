//! The learning rate of every step.
//!
//! A rate is a function of the step and, for `plateau`, of how often the rate
//! has fallen: nothing else is to be remembered over an interruption.

mod plateau;

use std::f64::consts::PI;

pub use plateau::Patience;

use super::{History, Recipe, recipe::ScheduleKind};

/// Shares of `OneCycleLR`'s defaults: of the run that rises, of the peak at the
/// start, of the start at the end.
const RISING: f64 = 0.3;
const START: f64 = 1.0 / 25.0;
const END: f64 = 1e-4;

/// Points of a plot, enough for a smooth line.
const POINTS_OF_AN_EPOCH: usize = 20;

/// Warm-up and schedule of a recipe, by optimisation step.
#[derive(Debug, Clone, Copy)]
pub struct LearningRate {
    kind: ScheduleKind,
    peak: f64,
    least: f64,
    warmup_steps: f64,
    total_steps: f64,
    /// Steps between two falls, and their factor.
    falls: (f64, f64),
}

impl LearningRate {
    /// The learning rate of `recipe` over epochs of `steps_per_epoch` steps.
    pub fn new(recipe: &Recipe, steps_per_epoch: usize) -> Self {
        let steps = steps_per_epoch as f64;
        let factor = match recipe.schedule {
            ScheduleKind::Plateau => recipe.plateau_factor,
            _ => recipe.step_factor,
        };
        Self {
            kind: recipe.schedule,
            peak: recipe.learning_rate,
            least: recipe.min_learning_rate,
            warmup_steps: recipe.warmup_epochs * steps,
            total_steps: recipe.epochs as f64 * steps,
            falls: (recipe.step_epochs as f64 * steps, factor),
        }
    }

    /// Half a cosine from `peak` to zero over `steps`, without warm-up.
    pub fn cosine(peak: f64, steps: usize) -> Self {
        Self {
            kind: ScheduleKind::Cosine,
            peak,
            least: 0.0,
            warmup_steps: 0.0,
            total_steps: steps as f64,
            falls: (1.0, 1.0),
        }
    }

    /// The rate of step `step`, counted from zero over the whole run, after
    /// `plateaus` plateaus.
    pub fn at(&self, step: usize, plateaus: usize) -> f64 {
        // Half a step on, so that neither the first nor the last step is wasted on a rate of zero.
        let step = step as f64 + 0.5;
        if self.kind == ScheduleKind::OneCycle {
            return self.one_cycle(step / self.total_steps).max(self.least);
        }
        if step < self.warmup_steps {
            return self.peak * step / self.warmup_steps;
        }
        let (between, factor) = self.falls;
        let rate = match self.kind {
            ScheduleKind::Constant | ScheduleKind::OneCycle => self.peak,
            ScheduleKind::Step => self.peak * factor.powf((step / between).floor()),
            ScheduleKind::Plateau => self.peak * factor.powf(plateaus as f64),
            ScheduleKind::Cosine => {
                let span = (self.total_steps - self.warmup_steps).max(1.0);
                let progress = ((step - self.warmup_steps) / span).min(1.0);
                half_cosine(self.peak, self.least, progress)
            }
        };
        rate.max(self.least)
    }

    /// `(step, rate)` over the epochs of `history`, of `steps` steps each, for a
    /// plot. A point an epoch where the schedule does not know what the rate was:
    /// after plateaus, and before the run was given another number of epochs.
    pub fn curve(&self, history: &History, steps: usize) -> Vec<(f64, f64)> {
        let epochs = history.epochs.iter().filter(|record| record.epoch > 0);
        epochs
            .flat_map(|record| {
                let end = record.epoch * steps;
                let known = self.at(end.saturating_sub(1), 0) == record.learning_rate;
                if self.kind == ScheduleKind::Plateau || !known {
                    return vec![(end as f64, record.learning_rate)];
                }
                let drawn = POINTS_OF_AN_EPOCH.min(steps);
                let places = (1..=drawn).map(|point| end - steps + point * steps / drawn - 1);
                places.map(|step| (step as f64, self.at(step, 0))).collect()
            })
            .collect()
    }

    /// `OneCycleLR` with its cosine strategy, at `progress` of the run.
    fn one_cycle(&self, progress: f64) -> f64 {
        let start = self.peak * START;
        if progress < RISING {
            half_cosine(start, self.peak, progress / RISING)
        } else {
            let falling = ((progress - RISING) / (1.0 - RISING)).min(1.0);
            half_cosine(self.peak, start * END, falling)
        }
    }
}

/// From `from` to `to` along half a cosine, at `progress` in `[0, 1]`.
fn half_cosine(from: f64, to: f64, progress: f64) -> f64 {
    to + (from - to) * 0.5 * (1.0 + (PI * progress).cos())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::train::EpochRecord;

    fn schedule(kind: ScheduleKind) -> LearningRate {
        let recipe = Recipe {
            learning_rate: 2.0,
            schedule: kind,
            warmup_epochs: 1.0,
            epochs: 5,
            step_epochs: 2,
            min_learning_rate: 0.01,
            ..Recipe::default()
        };
        LearningRate::new(&recipe, 100)
    }

    #[test]
    fn warm_up_is_linear_and_ends_at_the_peak() {
        let rate = schedule(ScheduleKind::Constant);
        assert!(rate.at(0, 0) > 0.0);
        assert!((rate.at(49, 0) - 0.99).abs() < 1e-9);
        assert_eq!(rate.at(100, 0), 2.0);
        assert_eq!(rate.at(10_000, 0), 2.0);
    }

    #[test]
    fn cosine_falls_to_the_least() {
        let rate = schedule(ScheduleKind::Cosine);
        assert!((rate.at(100, 0) - 2.0).abs() < 1e-3);
        assert!((rate.at(299, 0) - 1.005).abs() < 1e-2);
        assert!(rate.at(499, 0) < 0.011 && rate.at(499, 0) >= 0.01);
        assert_eq!(rate.at(900, 0), 0.01);
    }

    #[test]
    fn steps_and_plateaus_fall_by_their_factor() {
        let rate = schedule(ScheduleKind::Step);
        assert_eq!(rate.at(150, 0), 2.0);
        assert!((rate.at(250, 0) - 0.2).abs() < 1e-12);
        assert!((rate.at(450, 0) - 0.02).abs() < 1e-12);
        let rate = schedule(ScheduleKind::Plateau);
        assert_eq!(rate.at(450, 0), 2.0);
        assert_eq!(rate.at(450, 2), 0.5);
        assert_eq!(rate.at(450, 20), 0.01);
    }

    #[test]
    fn one_cycle_rises_for_three_tenths_and_ends_near_zero() {
        let rate = schedule(ScheduleKind::OneCycle);
        assert!((rate.at(0, 0) - 0.08).abs() < 1e-3);
        assert!((rate.at(150, 0) - 2.0).abs() < 1e-3);
        assert!(rate.at(300, 0) < 1.5);
        assert_eq!(rate.at(499, 0), 0.01);
    }

    #[test]
    fn the_plot_follows_the_schedule() {
        let record = |epoch, learning_rate| EpochRecord {
            epoch,
            learning_rate,
            train_loss: 1.0,
            train_top1: 0.5,
            val_loss: 1.0,
            val_top1: 0.5,
            val_top5: 0.9,
            val_macro_f1: None,
            val_balanced_accuracy: None,
        };
        let cosine = schedule(ScheduleKind::Cosine);
        let history = |first, second| History {
            epochs: vec![record(0, 9.0), record(1, first), record(2, second)],
        };
        // Of an epoch of another schedule only its end is known.
        let mixed = cosine.curve(&history(0.5, cosine.at(199, 0)), 100);
        assert_eq!((mixed.len(), mixed[0]), (21, (100.0, 0.5)));
        let history = history(cosine.at(99, 0), cosine.at(199, 0));
        let curve = cosine.curve(&history, 100);
        assert_eq!(curve.len(), 40);
        assert_eq!(curve[0], (4.0, cosine.at(4, 0)));
        assert_eq!(curve[39], (199.0, cosine.at(199, 0)));
        let plateau = schedule(ScheduleKind::Plateau).curve(&history, 100);
        let last = history.epochs[2].learning_rate;
        assert_eq!((plateau.len(), plateau[1]), (2, (200.0, last)));
    }
}
