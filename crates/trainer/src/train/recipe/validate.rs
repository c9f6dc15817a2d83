//! Ranges of a recipe's values.

use std::fmt;

use super::Recipe;
use crate::{
    error::TrainError,
    model::{EfficientNet, EfficientNetConfig},
};

/// A value's key, the value, whether it is in range, and the range.
type Check = (&'static str, f64, bool, &'static str);

impl Recipe {
    /// Checks every value's range.
    ///
    /// # Errors
    /// Names the first value that is out of range, and the range.
    pub fn validate(&self) -> Result<(), TrainError> {
        if !EfficientNetConfig::variant_names().any(|name| name == self.architecture) {
            return Err(out_of_range(
                "architecture",
                &self.architecture,
                "efficientnet_b0 to efficientnet_b7",
            ));
        }
        if self.epochs == 0 && self.head_epochs == 0 {
            let range = "1 or more where head_epochs is 0";
            return Err(out_of_range("epochs", self.epochs, range));
        }
        let counts = self.count_checks();
        for (key, value, ok, range) in counts.into_iter().chain(self.share_checks()) {
            if !ok {
                return Err(out_of_range(key, value, range));
            }
        }
        self.mix.validate()?;
        for (position, transform) in self.augment.iter().enumerate() {
            transform.validate(position)?;
        }
        Ok(())
    }

    fn count_checks(&self) -> Vec<Check> {
        let at_least_one = |key, value: usize| (key, value as f64, value > 0, "1 or more");
        let sizes = 32..=2048;
        let start = self.start_image_size;
        vec![
            at_least_one("batch_size", self.batch_size),
            at_least_one("accumulate", self.accumulate),
            at_least_one("step_epochs", self.step_epochs),
            at_least_one("plateau_patience", self.plateau_patience),
            (
                "freeze",
                self.freeze as f64,
                self.freeze <= EfficientNet::PARTS,
                "0 to 9 parts",
            ),
            (
                "image_size",
                self.image_size as f64,
                sizes.contains(&self.image_size),
                "32 to 2048 pixels",
            ),
            (
                "start_image_size",
                start as f64,
                start == 0 || sizes.contains(&start) && start <= self.train_image_size(),
                "0, or 32 pixels to the size of training",
            ),
        ]
    }

    fn share_checks(&self) -> Vec<Check> {
        let positive =
            |key, value: f64| (key, value, value > 0.0 && value.is_finite(), "more than 0");
        let not_negative =
            |key, value: f64| (key, value, value >= 0.0 && value.is_finite(), "0 or more");
        let open = |key, value: f64| (key, value, value > 0.0 && value < 1.0, "between 0 and 1");
        let below_one = |key, value| (key, value, (0.0..1.0).contains(&value), "0 to below 1");
        let up_to_one = |key, value| (key, value, value > 0.0 && value <= 1.0, "above 0 to 1");
        let epochs = self.epochs.max(1) as f64;
        vec![
            open("val_fraction", self.val_fraction),
            positive("learning_rate", self.learning_rate),
            positive("head_learning_rate", self.head_learning_rate),
            (
                "min_learning_rate",
                self.min_learning_rate,
                (0.0..=self.learning_rate).contains(&self.min_learning_rate),
                "0 to learning_rate",
            ),
            up_to_one("train_image_scale", self.train_image_scale),
            up_to_one("layer_decay", self.layer_decay),
            positive("epsilon", self.epsilon),
            not_negative("weight_decay", self.weight_decay),
            not_negative("clip_norm", self.clip_norm),
            (
                "warmup_epochs",
                self.warmup_epochs,
                (0.0..=epochs).contains(&self.warmup_epochs),
                "0 to the number of epochs",
            ),
            open("step_factor", self.step_factor),
            open("plateau_factor", self.plateau_factor),
            not_negative("plateau_min_delta", self.plateau_min_delta),
            below_one("ema", self.ema),
            up_to_one("batch_norm_momentum", self.batch_norm_momentum),
            below_one("label_smoothing", self.label_smoothing),
            below_one("dropout", self.dropout),
            below_one("stochastic_depth", self.stochastic_depth),
        ]
    }
}

fn out_of_range(key: &str, value: impl fmt::Display, range: &str) -> TrainError {
    TrainError::OutOfRange {
        key: key.to_owned(),
        value: value.to_string(),
        range: range.to_owned(),
    }
}
