//! The learning rate at every step.

use std::f64::consts::PI;

use super::{Recipe, recipe::Schedule};

/// Linear warm-up followed by the recipe's schedule, by optimisation step.
#[derive(Debug, Clone, Copy)]
pub struct LearningRate {
    peak: f64,
    schedule: Schedule,
    warmup_steps: f64,
    total_steps: f64,
}

impl LearningRate {
    /// The learning rate of `recipe` over epochs of `steps_per_epoch` steps.
    pub fn new(recipe: &Recipe, steps_per_epoch: usize) -> Self {
        Self {
            peak: recipe.learning_rate,
            schedule: recipe.schedule,
            warmup_steps: recipe.warmup_epochs * steps_per_epoch as f64,
            total_steps: (recipe.epochs * steps_per_epoch) as f64,
        }
    }

    /// Half a cosine from `peak` to zero over `steps`, without warm-up.
    pub fn cosine(peak: f64, steps: usize) -> Self {
        Self {
            peak,
            schedule: Schedule::Cosine,
            warmup_steps: 0.0,
            total_steps: steps as f64,
        }
    }

    /// The rate of step `step`, counted from zero over the whole run.
    pub fn at(&self, step: usize) -> f64 {
        // Half a step on, so that neither the first nor the last step is wasted on a rate of zero.
        let step = step as f64 + 0.5;
        if step < self.warmup_steps {
            return self.peak * step / self.warmup_steps;
        }
        match self.schedule {
            Schedule::Constant => self.peak,
            Schedule::Cosine => {
                let span = (self.total_steps - self.warmup_steps).max(1.0);
                let progress = ((step - self.warmup_steps) / span).min(1.0);
                self.peak * 0.5 * (1.0 + (PI * progress).cos())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn schedule(schedule: Schedule) -> LearningRate {
        let recipe = Recipe {
            learning_rate: 2.0,
            schedule,
            warmup_epochs: 1.0,
            epochs: 5,
            ..Recipe::default()
        };
        LearningRate::new(&recipe, 100)
    }

    #[test]
    fn warms_up_linearly_then_decays_to_zero() {
        let rate = schedule(Schedule::Cosine);
        assert!((rate.at(49) - 2.0 * 49.5 / 100.0).abs() < 1e-12);
        assert!((rate.at(100) - 2.0).abs() < 1e-4);
        assert!(
            (rate.at(299) - 1.0).abs() < 0.01,
            "half-way: {}",
            rate.at(299)
        );
        assert!(rate.at(499) > 0.0 && rate.at(499) < 1e-4);
        assert!((100..499).all(|step| rate.at(step) > rate.at(step + 1)));
    }

    #[test]
    fn constant_stays() {
        let rate = schedule(Schedule::Constant);
        assert_eq!(rate.at(100), 2.0);
        assert_eq!(rate.at(499), 2.0);
    }
}
