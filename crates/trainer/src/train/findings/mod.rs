//! What a run that is over has to say of itself.

mod improving;
mod overfitting;
mod unpredicted;
mod validation_size;

use std::fmt;

use metrics::Evaluation;

use super::{ClassBalance, EpochRecord, History, Recipe};

/// A run that went to its end.
#[derive(Debug, Clone, Copy)]
pub struct FinishedRun<'a> {
    /// What it was to do.
    pub recipe: &'a Recipe,
    /// What each epoch gave.
    pub history: &'a History,
    /// The training images of each class.
    pub balance: &'a ClassBalance<'a>,
    /// What the exported model scores on the validation images.
    pub validation: &'a Evaluation,
    /// Whether the validation images were held out of the training images by the recipe.
    pub held_out: bool,
    /// The command that goes on with it.
    pub go_on: &'a str,
}

/// Something that is worth knowing of a run, and what can be done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// What was found, with its figures.
    pub observation: String,
    /// What follows from it.
    pub advice: String,
}

/// Every kind of finding; each says when it is worth a word.
const KINDS: [fn(&FinishedRun<'_>) -> Option<Finding>; 4] = [
    overfitting::find,
    improving::find,
    validation_size::find,
    unpredicted::find,
];

/// What there is to say of `run`, often nothing.
pub fn findings(run: &FinishedRun<'_>) -> Vec<Finding> {
    KINDS.iter().filter_map(|find| find(run)).collect()
}

impl Finding {
    /// Says it in one line, where lines are broken to fit.
    pub fn in_one_line(&self) -> String {
        format!("{}; {}", self.observation, self.advice)
    }
}

/// Two lines, the second below the first one's text.
impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "finding  {}\n         {}", self.observation, self.advice)
    }
}

impl FinishedRun<'_> {
    /// The best epoch by the recipe's monitor.
    fn best(&self) -> Option<&EpochRecord> {
        self.history.best(self.recipe.monitor)
    }

    /// How many validation images an epoch had right.
    fn hits(&self, epoch: &EpochRecord) -> u64 {
        (epoch.val_top1 * self.validation.images as f64).round() as u64
    }
}

fn percent(share: f64) -> String {
    format!("{:.1} %", 100.0 * share)
}

/// A run to try the findings on.
#[cfg(test)]
mod example {
    use metrics::RunningEvaluation;

    use super::*;

    pub struct Example {
        pub recipe: Recipe,
        pub history: History,
        pub classes: Vec<String>,
        pub counts: Vec<usize>,
        pub validation: Evaluation,
        pub held_out: bool,
    }

    impl Example {
        /// Epochs from 1 with these shares of training and validation images right, whose
        /// validation loss is one minus the share. `validation[label]` are the predictions
        /// for the class's images.
        pub fn new(top1: &[(f64, f64)], validation: &[&[usize]]) -> Self {
            let classes: Vec<String> = (0..validation.len())
                .map(|class| format!("class{class}"))
                .collect();
            let mut running = RunningEvaluation::new(&classes);
            for (label, predictions) in validation.iter().enumerate() {
                for &predicted in *predictions {
                    let mut logits = vec![0.0; classes.len()];
                    logits[predicted] = 1.0;
                    running.add(&logits, label);
                }
            }
            let record = |(epoch, &(train_top1, val_top1)): (usize, &(f64, f64))| EpochRecord {
                epoch: epoch + 1,
                learning_rate: 1e-3,
                train_loss: 1.0 - train_top1,
                train_top1,
                val_loss: 1.0 - val_top1,
                val_top1,
                val_top5: 1.0,
                val_macro_f1: Some(val_top1),
                val_balanced_accuracy: Some(val_top1),
            };
            Self {
                recipe: Recipe {
                    epochs: top1.len(),
                    ..Recipe::default()
                },
                history: History {
                    epochs: top1.iter().enumerate().map(record).collect(),
                },
                counts: vec![20; classes.len()],
                classes,
                validation: running.finish(),
                held_out: true,
            }
        }

        pub fn find(&self, find: fn(&FinishedRun<'_>) -> Option<Finding>) -> Option<String> {
            let balance = ClassBalance {
                classes: &self.classes,
                counts: self.counts.clone(),
            };
            let run = FinishedRun {
                recipe: &self.recipe,
                history: &self.history,
                balance: &balance,
                validation: &self.validation,
                held_out: self.held_out,
                go_on: "trainer fit --resume runs/photos",
            };
            let finding = find(&run)?;
            assert!(findings(&run).contains(&finding));
            Some(finding.to_string())
        }
    }

    /// Validation images of two classes, half each, all predicted right.
    pub fn validation(images: usize) -> [Vec<usize>; 2] {
        [0, 1].map(|class| vec![class; images / 2])
    }
}

#[cfg(test)]
mod tests {
    use super::{example::*, *};

    #[test]
    fn a_good_run_has_nothing_to_say() {
        let validation = validation(4000);
        let validation = validation.each_ref().map(Vec::as_slice);
        let good = Example::new(&[(0.90, 0.93), (0.95, 0.952), (0.96, 0.951)], &validation);
        for find in KINDS {
            assert_eq!(good.find(find), None);
        }
    }

    #[test]
    fn a_finding_is_two_lines() {
        let finding = Finding {
            observation: "one".to_owned(),
            advice: "two".to_owned(),
        };
        assert_eq!(finding.to_string(), "finding  one\n         two");
    }
}
