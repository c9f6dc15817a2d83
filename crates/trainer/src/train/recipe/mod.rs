//! The recipe: everything that decides what a training run does, as TOML.

mod built_in;
mod choices;
mod photos;
mod unknown;
mod validate;

use std::path::Path;

use augment::{Transform, batch::BatchMix, transforms::HorizontalFlip};
use serde::{Deserialize, Serialize, de::DeserializeOwned};

pub use built_in::{Amount, BuiltIn};
pub use choices::{
    ClassWeighting, Monitor, OptimizerKind, PrecisionKind, ResizeKind, SamplerKind, ScheduleKind,
    Selection,
};

use crate::error::TrainError;

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
    /// Side in the first epoch; it grows evenly to that of training over the first
    /// three quarters of the run, in steps of 16 (Tan and Le 2021). 0: that size from
    /// the start.
    pub start_image_size: usize,
    /// Side in training as a share of `image_size`, in `(0, 1]`, which validation and the
    /// exported model have; rounded to 16 pixels. Random crops show things larger than whole
    /// photos do, so a smaller one trains faster and is no less accurate (Touvron et al. 2019).
    pub train_image_scale: f64,
    /// What resizes pictures, in training and wherever the model is used.
    pub resize: ResizeKind,
    /// Whether pixels are normalised as the weights expect, after they are
    /// divided by 255.
    pub normalize: bool,
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
    /// Steps whose gradients are averaged into one update.
    pub accumulate: usize,
    /// Number format of the convolutions in training, where the device computes in it.
    pub precision: PrecisionKind,
    /// How gradients become updates.
    pub optimizer: OptimizerKind,
    /// Peak learning rate.
    pub learning_rate: f64,
    /// Factor of the learning rate from each part of the network to the one
    /// before it, in `(0, 1]`: early layers, which are the most general, move
    /// least (Clark et al. 2020).
    pub layer_decay: f64,
    /// Added to the root of the second moment by adam and adamw, so that nothing
    /// is divided by zero.
    pub epsilon: f64,
    /// Decoupled weight decay (adamw) or L2 penalty (adam, sgd) of
    /// convolution and linear weights; never of batch norms and biases.
    pub weight_decay: f64,
    /// Longest gradient: longer ones, over all parameters together, are
    /// shortened to it (0: never), as PyTorch's `clip_grad_norm_`.
    pub clip_norm: f64,
    /// How the learning rate changes over the run.
    pub schedule: ScheduleKind,
    /// Epochs over which the learning rate rises linearly from zero to its peak;
    /// one-cycle has a rise of its own instead.
    pub warmup_epochs: f64,
    /// The schedule never falls below this.
    pub min_learning_rate: f64,
    /// Schedule `step`: epochs between two falls.
    pub step_epochs: usize,
    /// Schedule `step`: factor of a fall, in `(0, 1)`.
    pub step_factor: f64,
    /// Schedule `plateau`: epochs without a better `monitor` before a fall.
    pub plateau_patience: usize,
    /// Schedule `plateau`: factor of a fall, in `(0, 1)`.
    pub plateau_factor: f64,
    /// Schedule `plateau`: how much better `monitor` must get to count as better.
    pub plateau_min_delta: f64,
    /// Figure that decides which epoch is the best.
    pub monitor: Monitor,
    /// Which network is exported.
    pub select: Selection,
    /// Epochs without a better `monitor` after which the run ends (0: never).
    pub early_stopping: usize,
    /// Decay of the moving average of the weights that is validated and
    /// exported, in `[0, 1)` (0: the weights themselves); less in the first updates.
    pub ema: f64,
    /// Share of a batch's statistics in the batch norms' running ones, in `(0, 1]`.
    pub batch_norm_momentum: f64,
    /// Batch norms use and keep the running statistics they came with.
    pub freeze_batch_norm: bool,
    /// How much an image of each class counts in the loss.
    pub class_weights: ClassWeighting,
    /// Which training images an epoch draws.
    pub sampler: SamplerKind,
    /// Probability mass given evenly to all classes, in `[0, 1)`.
    pub label_smoothing: f64,
    /// Probability of dropping a feature before the linear layer, in `[0, 1)`.
    pub dropout: f64,
    /// Probability of dropping the last block's residual branch, in `[0, 1)`.
    pub stochastic_depth: f64,
    /// Mixing of the images of a batch: mixup and CutMix.
    pub mix: BatchMix,
    /// Random changes of a training image, in their order.
    pub augment: Vec<Transform>,
}

/// Sides in training are multiples of this, in pixels.
const SIZE_STEP: f64 = 16.0;

impl Default for Recipe {
    fn default() -> Self {
        Self {
            architecture: "efficientnet_b0".to_owned(),
            weights: "auto".to_owned(),
            image_size: 224,
            start_image_size: 0,
            train_image_scale: 1.0,
            resize: ResizeKind::Auto,
            normalize: true,
            seed: 0,
            val_fraction: 0.2,
            train_limit: 0,
            val_limit: 0,
            epochs: 15,
            freeze: 0,
            head_epochs: 0,
            head_learning_rate: 1e-3,
            batch_size: 32,
            accumulate: 1,
            precision: PrecisionKind::Fp32,
            optimizer: OptimizerKind::Adamw,
            learning_rate: 1e-3,
            layer_decay: 1.0,
            epsilon: 1e-8,
            weight_decay: 0.01,
            clip_norm: 0.0,
            schedule: ScheduleKind::Cosine,
            warmup_epochs: 0.5,
            min_learning_rate: 0.0,
            step_epochs: 10,
            step_factor: 0.1,
            plateau_patience: 5,
            plateau_factor: 0.5,
            plateau_min_delta: 0.0,
            monitor: Monitor::ValTop1,
            select: Selection::Best,
            early_stopping: 0,
            ema: 0.0,
            batch_norm_momentum: 0.1,
            freeze_batch_norm: false,
            class_weights: ClassWeighting::None,
            sampler: SamplerKind::Shuffle,
            label_smoothing: 0.0,
            dropout: 0.2,
            stochastic_depth: 0.0,
            mix: BatchMix::default(),
            augment: vec![Transform::HorizontalFlip(HorizontalFlip::default())],
        }
    }
}

/// Reads one value of a recipe, such as a table of augmentations, from TOML.
///
/// # Errors
/// One line on what is wrong; an unknown key's names the nearest one.
pub fn parse_value<T: DeserializeOwned>(text: &str) -> Result<T, String> {
    #[derive(Deserialize)]
    struct Document<T> {
        value: T,
    }
    let document: Result<Document<T>, _> = toml::from_str(&format!("value = {text}"));
    match document {
        Ok(document) => Ok(document.value),
        Err(error) => Err(unknown::explain(error.message())),
    }
}

impl Recipe {
    /// Reads `recipe`: the name of a built-in recipe, whose values may depend on `amount`,
    /// or the path of a TOML file.
    ///
    /// # Errors
    /// A file that cannot be read, is not TOML, or has an unknown key.
    pub fn load(recipe: &str, amount: Amount) -> Result<Self, TrainError> {
        match BuiltIn::named(recipe) {
            Some(built_in) => built_in.recipe(amount),
            None => Self::read(recipe.as_ref()),
        }
    }

    /// Reads a TOML file.
    ///
    /// # Errors
    /// It cannot be read, is not TOML, or has an unknown key.
    pub fn read(path: &Path) -> Result<Self, TrainError> {
        let name = path.display().to_string();
        let text = std::fs::read_to_string(path).map_err(|error| TrainError::Recipe {
            name: name.clone(),
            reason: error.to_string(),
        })?;
        Self::parse(&text, &name)
    }

    fn parse(text: &str, name: &str) -> Result<Self, TrainError> {
        toml::from_str(text).map_err(|error: toml::de::Error| {
            let line = error
                .span()
                .map(|span| text[..span.start].matches('\n').count() + 1);
            let reason = unknown::explain(error.message());
            TrainError::Recipe {
                name: name.to_owned(),
                reason: match line {
                    Some(line) => format!("line {line}: {reason}"),
                    None => reason,
                },
            }
        })
    }

    /// The recipe as TOML, as kept in the run's folder.
    pub fn to_toml(&self) -> String {
        toml::to_string_pretty(self).unwrap_or_default()
    }

    /// Side of the training images once they have grown.
    pub fn train_image_size(&self) -> usize {
        if self.train_image_scale >= 1.0 {
            return self.image_size;
        }
        let size = self.image_size as f64 * self.train_image_scale;
        ((size / SIZE_STEP).round() * SIZE_STEP).max(2.0 * SIZE_STEP) as usize
    }

    /// Sides of the training images in `epoch`, counted from one.
    pub fn image_size_in(&self, epoch: usize) -> usize {
        let (start, end) = (self.start_image_size, self.train_image_size());
        let growing = (self.epochs as f64 * 0.75).max(1.0);
        let progress = (epoch.saturating_sub(1) as f64 / growing).min(1.0);
        if start == 0 || progress >= 1.0 {
            return end;
        }
        let size = start as f64 + (end as f64 - start as f64) * progress;
        // Between the two ends, which need not be multiples.
        (((size / SIZE_STEP).round() * SIZE_STEP) as usize).clamp(start, end)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn toml_round_trip_keeps_every_value() {
        let recipe = Recipe {
            seed: 7,
            resize: ResizeKind::OpencvCubic,
            ema: 0.99,
            optimizer: OptimizerKind::Sgd,
            precision: PrecisionKind::Bf16,
            class_weights: ClassWeighting::Effective,
            sampler: SamplerKind::Balanced,
            monitor: Monitor::ValMacroF1,
            augment: Vec::new(),
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
        assert!(text.contains("unknown key 'lerning_rate'"), "{text}");
        assert!(text.contains("'learning_rate'"), "{text}");
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

    #[test]
    fn values_are_read_alone() {
        let size: usize = parse_value("224").unwrap();
        assert_eq!(size, 224);
        let error = parse_value::<BatchMix>("{ mixup_alfa = 0.2 }").unwrap_err();
        assert!(error.contains("did you mean 'mixup_alpha'"), "{error}");
        let kind = r#"[{ kind = "horizontal_flop" }]"#;
        let error = parse_value::<Vec<Transform>>(kind).unwrap_err();
        assert!(error.contains("'horizontal_flip'"), "{error}");
    }

    #[test]
    fn images_grow_over_three_quarters_of_the_run() {
        let recipe = Recipe {
            start_image_size: 64,
            image_size: 128,
            epochs: 8,
            ..Recipe::default()
        };
        let sizes: Vec<usize> = (1..=8).map(|epoch| recipe.image_size_in(epoch)).collect();
        assert_eq!(sizes, [64, 80, 80, 96, 112, 112, 128, 128]);
        assert_eq!(Recipe::default().image_size_in(1), 224);
    }
}
