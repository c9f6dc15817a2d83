//! Flags that override a recipe's values.

use std::{path::Path, str::FromStr};

use augment::{Transform, batch::BatchMix};
use clap::Args;
use dataset::{Dataset, Source};
use serde::de::DeserializeOwned;
use trainer::{
    TrainError,
    train::{
        Amount, BuiltIn, ClassWeighting, Monitor, OptimizerKind, PrecisionKind, Recipe, ResizeKind,
        SamplerKind, ScheduleKind, Selection, parse_value,
    },
};

use super::checkpoint_file::checkpoint_file;

/// Declares a flag for every value of a recipe and puts the given ones in.
macro_rules! recipe_flags {
    ($($(#[$doc:meta])* $key:ident: $type:ty = $placeholder:literal,)+) => {
        /// Every value of a recipe as a flag.
        #[derive(Debug, Clone, Default, Args)]
        #[command(next_help_heading = "Recipe values, each overrides the recipe's")]
        pub struct RecipeOverrides {
            $($(#[$doc])* #[arg(long, value_name = $placeholder)] pub $key: Option<$type>,)+
        }

        impl RecipeOverrides {
            /// Puts the given values into `recipe`.
            pub fn apply(&self, recipe: &mut Recipe) {
                $(if let Some(value) = &self.$key {
                    recipe.$key = value.value();
                })+
            }

            /// Keys of the given values.
            fn given(&self) -> Vec<&'static str> {
                let mut keys = Vec::new();
                $(if self.$key.is_some() {
                    keys.push(stringify!($key));
                })+
                keys
            }

            /// Changes values that nobody gave and that do not go with the ones given.
            fn adapt(&self, recipe: &mut Recipe) {
                // Images cannot grow to a size that they begin above.
                if self.start_image_size.is_none()
                    && recipe.start_image_size > recipe.train_image_size()
                {
                    recipe.start_image_size = 0;
                }
                // The norms of random weights have no statistics to keep.
                if self.freeze_batch_norm.is_none() && recipe.weights == "none" {
                    recipe.freeze_batch_norm = false;
                }
            }
        }
    };
}

recipe_flags! {
    /// Variant of the network, efficientnet_b0 to efficientnet_b7
    architecture: String = "NAME",
    /// Pretrained weights: auto (under models/, then the hub), none, a .safetensors or .pth file, or
    /// the folder of a run, for its best checkpoint
    weights: String = "auto|none|FILE|RUN",
    /// Side in pixels of the square image that the network sees
    image_size: usize = "PIXELS",
    /// Side in the first epoch, from which it grows to that of training (0: no growth)
    start_image_size: usize = "PIXELS",
    /// Side in training as a share of --image-size, which validation and export have
    train_image_scale: f64 = "SHARE",
    /// What resizes pictures: auto (Pillow's for photos, OpenCV's for images stored in one
    /// size), opencv_cubic (no antialiasing) or pillow_bicubic (antialiased)
    resize: ResizeKind = "auto|opencv_cubic|pillow_bicubic",
    /// Whether pixels are normalised as the weights expect, after division by 255
    normalize: bool = "true|false",
    /// Seed of split, shuffles, augmentation and fresh weights
    seed: u64 = "N",
    /// Share of the training images held out for validation
    val_fraction: f64 = "SHARE",
    /// Train on this many images, the same share of each class (0: all)
    train_limit: usize = "N",
    /// Validate on this many images, the same share of each class (0: all)
    val_limit: usize = "N",
    /// Passes over the training images
    epochs: usize = "N",
    /// Leading parts that do not learn: 1 the stem, to 8 the stages, 9 all but the last layer
    freeze: usize = "PARTS",
    /// Epochs of the last layer alone first, on features that are computed once and kept
    head_epochs: usize = "N",
    /// Peak learning rate of these epochs
    head_learning_rate: f64 = "RATE",
    /// Images per step
    batch_size: usize = "N",
    /// Steps whose gradients are averaged into one update
    accumulate: usize = "STEPS",
    /// What convolutions compute in: fp32, or bf16 for a GPU that has it (weights stay in float32)
    precision: PrecisionKind = "fp32|bf16",
    /// adam, adamw or sgd (Nesterov momentum 0.9)
    optimizer: OptimizerKind = "NAME",
    /// Peak learning rate
    learning_rate: f64 = "RATE",
    /// Factor of the learning rate from each part of the network to the one before it
    layer_decay: f64 = "FACTOR",
    /// What adam and adamw add so as not to divide by zero
    epsilon: f64 = "AMOUNT",
    /// Weight decay of convolution and linear weights
    weight_decay: f64 = "RATE",
    /// Longest gradient over all parameters together (0: any)
    clip_norm: f64 = "LENGTH",
    /// constant, cosine, step, one-cycle or plateau
    schedule: ScheduleKind = "NAME",
    /// Epochs over which the learning rate rises from zero
    warmup_epochs: f64 = "N",
    /// The learning rate never falls below this
    min_learning_rate: f64 = "RATE",
    /// Schedule step: epochs between two falls
    step_epochs: usize = "N",
    /// Schedule step: factor of a fall
    step_factor: f64 = "FACTOR",
    /// Schedule plateau: epochs without improvement before a fall
    plateau_patience: usize = "N",
    /// Schedule plateau: factor of a fall
    plateau_factor: f64 = "FACTOR",
    /// Schedule plateau: how much better counts as better
    plateau_min_delta: f64 = "AMOUNT",
    /// What decides which epoch is the best: val_top1, val_loss, val_macro_f1 or val_balanced_accuracy
    monitor: Monitor = "FIGURE",
    /// Which epoch is exported: best (by --monitor) or last
    select: Selection = "best|last|averaged",
    /// Epochs without improvement after which the run ends (0: never)
    early_stopping: usize = "N",
    /// Decay of the moving average of the weights (0: none)
    ema: f64 = "DECAY",
    /// Share of a batch's statistics in the batch norms' running ones
    batch_norm_momentum: f64 = "SHARE",
    /// Whether batch norms keep and use the statistics they came with
    freeze_batch_norm: bool = "true|false",
    /// How much an image counts in the loss, by its class: none (all alike), balanced (by one over
    /// the class's images) or effective (milder)
    class_weights: ClassWeighting = "none|balanced|effective",
    /// Which images an epoch draws: shuffle (all) or balanced (as many of each class)
    sampler: SamplerKind = "shuffle|balanced",
    /// Probability mass given evenly to all classes
    label_smoothing: f64 = "SHARE",
    /// Probability of dropping a feature before the linear layer
    dropout: f64 = "P",
    /// Probability of dropping the last block's residual branch
    stochastic_depth: f64 = "P",
    /// Mixup and CutMix, as TOML: '{ mixup_alpha = 0.2, cutmix_alpha = 1.0 }'
    mix: Toml<BatchMix> = "TOML",
    /// Random changes of training images, as TOML: '[{ kind = "horizontal_flip" }]', '[]' for none
    augment: Toml<Vec<Transform>> = "TOML",
}

/// A recipe, and values that replace some of it.
#[derive(Debug, Clone, Args)]
pub struct RecipeArguments {
    /// Recipe: a built-in one (`trainer recipes` prints them) or a TOML file
    #[arg(long, value_name = "NAME|FILE")]
    pub recipe: Option<String>,
    #[command(flatten)]
    overrides: RecipeOverrides,
}

impl RecipeArguments {
    /// The recipe for `dataset`, which is `source`, with the given values in it; `on_gpu`
    /// tells whether a GPU trains.
    ///
    /// # Errors
    /// It cannot be read, or a value is out of range.
    pub fn resolve(
        &self,
        source: &Source,
        dataset: &Dataset,
        on_gpu: bool,
    ) -> Result<ResolvedRecipe, TrainError> {
        let amount = self.amount(dataset);
        let (name, why, mut recipe) = match &self.recipe {
            Some(name) => (name.clone(), None, Recipe::load(name, amount)?),
            None => {
                let built_in = BuiltIn::for_dataset(source, on_gpu);
                let why = match source {
                    Source::Digits | Source::Cifar100 => "the one for this data set".to_owned(),
                    Source::Path(_) => format!(
                        "the one for photos, for {} training images of {} classes",
                        amount.images, amount.classes
                    ),
                };
                (
                    built_in.name().to_owned(),
                    Some(why),
                    built_in.recipe(amount)?,
                )
            }
        };
        self.overrides.apply(&mut recipe);
        self.overrides.adapt(&mut recipe);
        recipe.validate()?;
        if !matches!(recipe.weights.as_str(), "auto" | "none") {
            let file = checkpoint_file(Path::new(&recipe.weights))?;
            recipe.weights = file.display().to_string();
        }
        Ok(ResolvedRecipe { recipe, name, why })
    }

    /// The given number of epochs.
    pub fn epochs(&self) -> Option<usize> {
        self.overrides.epochs
    }

    /// Keys of the values that are given beside the recipe.
    pub fn given_keys(&self) -> Vec<&'static str> {
        self.overrides.given()
    }

    /// How many images will be trained on.
    fn amount(&self, dataset: &Dataset) -> Amount {
        let all = dataset.train.len();
        let left = match &dataset.val {
            Some(_) => all,
            None => {
                let held_out = self.overrides.val_fraction;
                let share = 1.0 - held_out.unwrap_or(Recipe::default().val_fraction);
                (all as f64 * share).round() as usize
            }
        };
        let limit = self.overrides.train_limit.filter(|&limit| limit > 0);
        Amount {
            images: limit.map_or(left, |limit| limit.min(left)),
            classes: dataset.classes.len(),
        }
    }
}

/// A recipe, and how it came to be chosen.
#[derive(Debug)]
pub struct ResolvedRecipe {
    pub recipe: Recipe,
    /// Name or file.
    pub name: String,
    /// Why this one, where nobody asked for it.
    pub why: Option<String>,
}

/// A table or list of a recipe on the command line.
#[derive(Debug, Clone)]
pub struct Toml<T>(T);

impl<T: DeserializeOwned> FromStr for Toml<T> {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        parse_value(text).map(Self)
    }
}

/// What a flag puts into the recipe.
trait RecipeValue<T> {
    fn value(&self) -> T;
}

impl<T: Clone> RecipeValue<T> for T {
    fn value(&self) -> T {
        self.clone()
    }
}

impl<T: Clone> RecipeValue<T> for Toml<T> {
    fn value(&self) -> T {
        self.0.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A value that is added to the recipe without a flag fails here.
    #[test]
    fn every_value_of_a_recipe_has_a_flag() {
        #[derive(clap::Parser)]
        struct Parser {
            #[command(flatten)]
            _overrides: RecipeOverrides,
        }
        let command = <Parser as clap::CommandFactory>::command();
        let flags: Vec<&str> = command
            .get_arguments()
            .filter_map(|argument| argument.get_long())
            .collect();
        let recipe: toml::Table = toml::from_str(&Recipe::default().to_toml()).unwrap();
        for key in recipe.keys() {
            assert!(flags.contains(&key.replace('_', "-").as_str()), "{key}");
        }
        assert_eq!(flags.len(), recipe.len());
    }
}
