//! The recipe: everything that decides what a training run does, as TOML.

use std::{fmt, path::Path, str::FromStr};

use serde::{Deserialize, Serialize};

use crate::{
    error::TrainError,
    model::{EfficientNet, EfficientNetConfig},
};

/// A training recipe. Every value has a default, every value is also a flag
/// of `trainer fit`, and the resolved recipe is kept in the run's folder and
/// in the exported model.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Recipe {
    /// Variant of the network, `efficientnet_b0` to `efficientnet_b7`.
    pub architecture: String,
    /// Pretrained weights: `auto` (what is under `models/`, then the hub),
    /// `none` (random), or a `.safetensors` or `.pth` file.
    pub weights: String,
    /// Side in pixels of the square image that the network sees.
    pub image_size: usize,
    /// Seed of the split, the shuffles, the augmentation and fresh weights.
    pub seed: u64,
    /// Share of the training images held out for validation, in `(0, 1)`,
    /// where the data set has no validation split of its own.
    pub val_fraction: f64,
    /// Train on this many images only, the same share of each class (0: all).
    pub train_limit: usize,
    /// Validate on this many images only, the same share of each class (0: all).
    pub val_limit: usize,
    /// Passes over the training images.
    pub epochs: usize,
    /// Leading parts that do not learn, 0 to 9: the stem, the seven stages,
    /// the head's convolution. Their batch norms keep their statistics.
    pub freeze: usize,
    /// Epochs in which the last layer alone learns before the others start, on
    /// features that are computed once and kept under the data folder.
    pub head_epochs: usize,
    /// Peak learning rate of these epochs; half a cosine to zero.
    pub head_learning_rate: f64,
    /// Images per step.
    pub batch_size: usize,
    /// How gradients become updates.
    pub optimizer: OptimizerKind,
    /// Peak learning rate.
    pub learning_rate: f64,
    /// Decoupled weight decay (adamw) or L2 penalty (adam, sgd) of
    /// convolution and linear weights; never of batch norms and biases.
    pub weight_decay: f64,
    /// How the learning rate changes over the run.
    pub schedule: Schedule,
    /// Epochs over which the learning rate rises linearly from zero to its peak.
    pub warmup_epochs: f64,
    /// Probability mass given evenly to all classes, in `[0, 1)`.
    pub label_smoothing: f64,
    /// Probability of dropping a feature before the linear layer, in `[0, 1)`.
    pub dropout: f64,
    /// Probability of dropping the last block's residual branch, in `[0, 1)`.
    pub stochastic_depth: f64,
    /// Probability of mirroring an image left to right, in `[0, 1]`.
    pub horizontal_flip: f64,
    /// Largest random shift in each direction, as a share of the image's side,
    /// in `[0, 1)`; the border is repeated.
    pub shift: f64,
}

impl Default for Recipe {
    fn default() -> Self {
        Self {
            architecture: "efficientnet_b0".to_owned(),
            weights: "auto".to_owned(),
            image_size: 224,
            seed: 0,
            val_fraction: 0.2,
            train_limit: 0,
            val_limit: 0,
            epochs: 15,
            freeze: 0,
            head_epochs: 0,
            head_learning_rate: 1e-3,
            batch_size: 32,
            optimizer: OptimizerKind::Adamw,
            learning_rate: 1e-3,
            weight_decay: 0.01,
            schedule: Schedule::Cosine,
            warmup_epochs: 0.5,
            label_smoothing: 0.0,
            dropout: 0.2,
            stochastic_depth: 0.0,
            horizontal_flip: 0.5,
            shift: 0.0,
        }
    }
}

/// Recipes that come with the program: name and TOML text.
pub const BUILT_IN: [(&str, &str); 2] = [
    ("cifar100", include_str!("../../recipes/cifar100.toml")),
    ("digits", include_str!("../../recipes/digits.toml")),
];

impl Recipe {
    /// Reads `recipe`: the name of a built-in recipe or the path of a TOML file.
    ///
    /// # Errors
    /// A file that cannot be read, is not TOML, or has an unknown key.
    pub fn load(recipe: &str) -> Result<Self, TrainError> {
        if let Some((name, text)) = BUILT_IN.iter().find(|(name, _)| *name == recipe) {
            return Self::parse(text, name);
        }
        let path = Path::new(recipe);
        let text = std::fs::read_to_string(path).map_err(|error| TrainError::Recipe {
            name: recipe.to_owned(),
            reason: error.to_string(),
        })?;
        Self::parse(&text, recipe)
    }

    fn parse(text: &str, name: &str) -> Result<Self, TrainError> {
        toml::from_str(text).map_err(|error: toml::de::Error| {
            let line = error
                .span()
                .map(|span| text[..span.start].matches('\n').count() + 1);
            TrainError::Recipe {
                name: name.to_owned(),
                reason: match line {
                    Some(line) => format!("line {line}: {}", error.message().replace('\n', " ")),
                    None => error.message().replace('\n', " "),
                },
            }
        })
    }

    /// The recipe as TOML, as kept in the run's folder.
    pub fn to_toml(&self) -> String {
        toml::to_string_pretty(self).unwrap_or_default()
    }

    /// Checks every value's range.
    ///
    /// # Errors
    /// Names the first value that is out of range, and the range.
    pub fn validate(&self) -> Result<(), TrainError> {
        if !EfficientNetConfig::variant_names().any(|name| name == self.architecture) {
            return Err(self.out_of_range(
                "architecture",
                &self.architecture,
                "efficientnet_b0 to efficientnet_b7",
            ));
        }
        if self.batch_size == 0 {
            return Err(self.out_of_range("batch_size", self.batch_size, "1 or more"));
        }
        if self.epochs == 0 && self.head_epochs == 0 {
            let range = "1 or more where head_epochs is 0";
            return Err(self.out_of_range("epochs", self.epochs, range));
        }
        if self.freeze > EfficientNet::PARTS {
            return Err(self.out_of_range("freeze", self.freeze, "0 to 9 parts"));
        }
        if !(32..=2048).contains(&self.image_size) {
            return Err(self.out_of_range("image_size", self.image_size, "32 to 2048 pixels"));
        }
        let open = |value: f64| value > 0.0 && value < 1.0;
        let half_open = |value: f64| (0.0..1.0).contains(&value);
        let checks = [
            (
                "val_fraction",
                self.val_fraction,
                open(self.val_fraction),
                "between 0 and 1",
            ),
            (
                "learning_rate",
                self.learning_rate,
                self.learning_rate > 0.0 && self.learning_rate.is_finite(),
                "more than 0",
            ),
            (
                "head_learning_rate",
                self.head_learning_rate,
                self.head_learning_rate > 0.0 && self.head_learning_rate.is_finite(),
                "more than 0",
            ),
            (
                "weight_decay",
                self.weight_decay,
                self.weight_decay >= 0.0 && self.weight_decay.is_finite(),
                "0 or more",
            ),
            (
                "warmup_epochs",
                self.warmup_epochs,
                (0.0..=self.epochs.max(1) as f64).contains(&self.warmup_epochs),
                "0 to the number of epochs",
            ),
            (
                "label_smoothing",
                self.label_smoothing,
                half_open(self.label_smoothing),
                "0 to below 1",
            ),
            (
                "dropout",
                self.dropout,
                half_open(self.dropout),
                "0 to below 1",
            ),
            (
                "stochastic_depth",
                self.stochastic_depth,
                half_open(self.stochastic_depth),
                "0 to below 1",
            ),
            (
                "horizontal_flip",
                self.horizontal_flip,
                (0.0..=1.0).contains(&self.horizontal_flip),
                "0 to 1",
            ),
            ("shift", self.shift, half_open(self.shift), "0 to below 1"),
        ];
        for (key, value, ok, range) in checks {
            if !ok {
                return Err(self.out_of_range(key, value, range));
            }
        }
        Ok(())
    }

    fn out_of_range(&self, key: &str, value: impl fmt::Display, range: &str) -> TrainError {
        TrainError::OutOfRange {
            key: key.to_owned(),
            value: value.to_string(),
            range: range.to_owned(),
        }
    }
}

/// How gradients become updates.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum OptimizerKind {
    /// Adam (Kingma and Ba 2015).
    Adam,
    /// Adam with decoupled weight decay (Loshchilov and Hutter 2019).
    Adamw,
    /// Stochastic gradient descent with Nesterov momentum 0.9.
    Sgd,
}

/// How the learning rate changes over the run, after the warm-up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Schedule {
    /// Stays at its peak.
    Constant,
    /// Half a cosine from the peak to zero (Loshchilov and Hutter 2017).
    Cosine,
}

/// Parses a value as its TOML spelling, so that flags and files agree.
macro_rules! from_toml_spelling {
    ($type:ty, $($spelling:literal => $value:expr),+) => {
        impl FromStr for $type {
            type Err = String;
            fn from_str(text: &str) -> Result<Self, String> {
                match text {
                    $($spelling => Ok($value),)+
                    other => Err(format!(
                        "unknown value '{other}', expected one of: {}",
                        [$($spelling),+].join(", ")
                    )),
                }
            }
        }
    };
}

from_toml_spelling!(OptimizerKind, "adam" => Self::Adam, "adamw" => Self::Adamw, "sgd" => Self::Sgd);
from_toml_spelling!(Schedule, "constant" => Self::Constant, "cosine" => Self::Cosine);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn built_in_recipes_are_valid() {
        for (name, _) in BUILT_IN {
            Recipe::load(name).unwrap().validate().unwrap();
        }
    }

    #[test]
    fn toml_round_trip_keeps_every_value() {
        let recipe = Recipe {
            seed: 7,
            shift: 0.125,
            optimizer: OptimizerKind::Sgd,
            ..Recipe::default()
        };
        assert_eq!(Recipe::parse(&recipe.to_toml(), "test").unwrap(), recipe);
    }

    #[test]
    fn unknown_key_and_bad_range_are_named() {
        let error = Recipe::parse("seed = 1\nlerning_rate = 0.1\n", "my.toml").unwrap_err();
        let text = error.to_string();
        assert!(
            text.contains("my.toml") && text.contains("line 2"),
            "{text}"
        );
        assert!(text.contains("lerning_rate"), "{text}");
        assert!(!text.contains('\n'));
        let recipe = Recipe {
            dropout: 1.0,
            ..Recipe::default()
        };
        assert!(
            recipe
                .validate()
                .unwrap_err()
                .to_string()
                .contains("dropout")
        );
    }
}
