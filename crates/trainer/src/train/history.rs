//! What each epoch gave, as data, CSV, JSON and plots.

use std::collections::BTreeMap;

use metrics::Evaluation;
use report::Curve;
use serde::{Deserialize, Serialize};

use super::Monitor;

/// Figures of one epoch.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct EpochRecord {
    /// Epoch, counted from one; 0 is the last layer trained on its own.
    pub epoch: usize,
    /// Learning rate of the epoch's last step.
    pub learning_rate: f64,
    /// Mean training loss, label smoothing and class weights included.
    pub train_loss: f64,
    /// Share of augmented training images classified right, in `[0, 1]`.
    pub train_top1: f64,
    /// Mean cross-entropy on the validation split.
    pub val_loss: f64,
    /// Top-1 accuracy on the validation split, in `[0, 1]`.
    pub val_top1: f64,
    /// Top-5 accuracy on the validation split, in `[0, 1]`.
    pub val_top5: f64,
    /// Mean F1 of the classes on the validation split, in `[0, 1]`; missing where an older
    /// version wrote the history.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub val_macro_f1: Option<f64>,
    /// Mean recall of the classes on the validation split, in `[0, 1]`; likewise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub val_balanced_accuracy: Option<f64>,
}

impl EpochRecord {
    /// The record with the figures of the validation split from `evaluation`.
    pub fn validated(self, evaluation: &Evaluation) -> Self {
        Self {
            val_loss: evaluation.loss,
            val_top1: evaluation.top1,
            val_top5: evaluation.top5,
            val_macro_f1: Some(evaluation.report.macro_average.f1),
            val_balanced_accuracy: Some(evaluation.report.balanced_accuracy()),
            ..self
        }
    }

    /// The figures that a checkpoint and an exported model carry, by the names of
    /// [`Monitor`] and `val_top5`.
    pub fn metrics(&self) -> BTreeMap<String, f64> {
        [
            ("val_loss", Some(self.val_loss)),
            ("val_top1", Some(self.val_top1)),
            ("val_top5", Some(self.val_top5)),
            ("val_macro_f1", self.val_macro_f1),
            ("val_balanced_accuracy", self.val_balanced_accuracy),
        ]
        .into_iter()
        .filter_map(|(name, value)| Some((name.to_owned(), value?)))
        .collect()
    }

    /// The figure that `monitor` names. One that was not measured is worse than any other.
    pub fn monitored(&self, monitor: Monitor) -> f64 {
        let measured = |share: Option<f64>| share.unwrap_or(0.0);
        match monitor {
            Monitor::ValTop1 => self.val_top1,
            Monitor::ValLoss => self.val_loss,
            Monitor::ValMacroF1 => measured(self.val_macro_f1),
            Monitor::ValBalancedAccuracy => measured(self.val_balanced_accuracy),
        }
    }
}

/// How fast an epoch was. Not part of the history, which is the same for every
/// run of a recipe.
#[derive(Debug, Clone, PartialEq)]
pub struct Speed {
    /// Epoch, counted as in the history.
    pub epoch: usize,
    /// Training images a second.
    pub images_per_second: f64,
    /// Duration of the epoch with its validation, in seconds.
    pub seconds: f64,
}

/// The epochs so far.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct History {
    /// One record an epoch, in order.
    pub epochs: Vec<EpochRecord>,
}

impl History {
    /// The first of the epochs whose `monitor` is the best.
    pub fn best(&self, monitor: Monitor) -> Option<&EpochRecord> {
        self.epochs.iter().reduce(|best, epoch| {
            if monitor.is_better(epoch.monitored(monitor), best.monitored(monitor)) {
                epoch
            } else {
                best
            }
        })
    }

    /// Comma-separated values with a header line.
    pub fn to_csv(&self) -> String {
        let mut csv = String::from(
            "epoch,learning_rate,train_loss,train_top1,val_loss,val_top1,val_top5,val_macro_f1,val_balanced_accuracy\n",
        );
        let measured =
            |share: Option<f64>| share.map_or(String::new(), |share| format!("{share:.6}"));
        for record in &self.epochs {
            csv += &format!(
                "{},{:e},{:.6},{:.6},{:.6},{:.6},{:.6},{},{}\n",
                record.epoch,
                record.learning_rate,
                record.train_loss,
                record.train_top1,
                record.val_loss,
                record.val_top1,
                record.val_top5,
                measured(record.val_macro_f1),
                measured(record.val_balanced_accuracy),
            );
        }
        csv
    }

    /// The curves of `train` and `val`, by epoch.
    pub(super) fn curves(
        &self,
        train: impl Fn(&EpochRecord) -> f64,
        val: impl Fn(&EpochRecord) -> f64,
    ) -> [Curve; 2] {
        let curve = |label: &str, value: &dyn Fn(&EpochRecord) -> f64| Curve {
            label: label.to_owned(),
            points: self
                .epochs
                .iter()
                .map(|record| (record.epoch as f64, value(record)))
                .collect(),
        };
        [curve("training", &train), curve("validation", &val)]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(epoch: usize, val_top1: f64) -> EpochRecord {
        EpochRecord {
            epoch,
            learning_rate: 1e-3,
            train_loss: 1.0,
            train_top1: 0.5,
            val_loss: 2.0,
            val_top1,
            val_top5: 0.9,
            val_macro_f1: Some(0.25),
            val_balanced_accuracy: Some(1.0 - val_top1),
        }
    }

    #[test]
    fn best_is_the_first_of_the_highest() {
        let history = History {
            epochs: vec![record(1, 0.5), record(2, 0.7), record(3, 0.7)],
        };
        assert_eq!(history.best(Monitor::ValTop1).unwrap().epoch, 2);
        assert_eq!(history.best(Monitor::ValMacroF1).unwrap().epoch, 1);
        let balanced = history.best(Monitor::ValBalancedAccuracy);
        assert_eq!(balanced.unwrap().epoch, 1);
        assert!(History::default().best(Monitor::ValLoss).is_none());
    }

    #[test]
    fn csv_has_a_line_an_epoch() {
        let history = History {
            epochs: vec![record(1, 0.5)],
        };
        let csv = history.to_csv();
        assert_eq!(csv.lines().count(), 2);
        let line = "1,1e-3,1.000000,0.500000,2.000000,0.500000,0.900000,0.250000,0.500000\n";
        assert!(csv.ends_with(line), "{csv}");
    }

    #[test]
    fn a_history_of_an_older_version_is_read() {
        let older = r#"{"epochs": [{"epoch": 1, "learning_rate": 1e-3, "train_loss": 1.0,
            "train_top1": 0.5, "val_loss": 2.0, "val_top1": 0.5, "val_top5": 0.9}]}"#;
        let older: History = serde_json::from_str(older).unwrap();
        assert_eq!(older.epochs[0].val_macro_f1, None);
        assert!(older.to_csv().ends_with(",0.900000,,\n"));
        // It goes on with figures that are measured.
        let epochs = [older.epochs.clone(), vec![record(2, 0.9)]].concat();
        let best = History { epochs };
        assert_eq!(best.best(Monitor::ValBalancedAccuracy).unwrap().epoch, 2);
        let again = serde_json::to_string(&older).unwrap();
        assert_eq!(serde_json::from_str::<History>(&again).unwrap(), older);
    }
}
