//! What each epoch gave, as data, CSV, JSON and plots.

use report::Curve;
use serde::{Deserialize, Serialize};

/// Figures of one epoch.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct EpochRecord {
    /// Epoch, counted from one; 0 is the last layer trained on its own.
    pub epoch: usize,
    /// Learning rate of the epoch's last step.
    pub learning_rate: f64,
    /// Mean training loss, label smoothing included.
    pub train_loss: f64,
    /// Share of augmented training images classified right, in `[0, 1]`.
    pub train_top1: f64,
    /// Mean cross-entropy on the validation split.
    pub val_loss: f64,
    /// Top-1 accuracy on the validation split, in `[0, 1]`.
    pub val_top1: f64,
    /// Top-5 accuracy on the validation split, in `[0, 1]`.
    pub val_top5: f64,
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
    /// The first of the epochs with the highest validation top-1.
    pub fn best(&self) -> Option<&EpochRecord> {
        self.epochs.iter().reduce(|best, epoch| {
            if epoch.val_top1 > best.val_top1 {
                epoch
            } else {
                best
            }
        })
    }

    /// Comma-separated values with a header line.
    pub fn to_csv(&self) -> String {
        let mut csv = String::from(
            "epoch,learning_rate,train_loss,train_top1,val_loss,val_top1,val_top5,images_per_second,seconds\n",
        );
        for record in &self.epochs {
            csv += &format!(
                "{},{:e},{:.6},{:.6},{:.6},{:.6},{:.6},{:.2},{:.2}\n",
                record.epoch,
                record.learning_rate,
                record.train_loss,
                record.train_top1,
                record.val_loss,
                record.val_top1,
                record.val_top5,
                record.images_per_second,
                record.seconds,
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
            images_per_second: 10.0,
            seconds: 60.0,
        }
    }

    #[test]
    fn best_is_the_first_of_the_highest() {
        let history = History {
            epochs: vec![record(1, 0.5), record(2, 0.7), record(3, 0.7)],
        };
        assert_eq!(history.best().unwrap().epoch, 2);
        assert!(History::default().best().is_none());
    }

    #[test]
    fn csv_has_a_line_an_epoch() {
        let history = History {
            epochs: vec![record(1, 0.5)],
        };
        let csv = history.to_csv();
        assert_eq!(csv.lines().count(), 2);
        assert!(csv.ends_with("1,1e-3,1.000000,0.500000,2.000000,0.500000,0.900000,10.00,60.00\n"));
    }
}
