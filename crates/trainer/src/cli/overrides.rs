//! Flags that override a recipe's values.

use clap::Args;
use trainer::train::{OptimizerKind, Recipe, Schedule};

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
                    recipe.$key = value.clone();
                })+
            }
        }
    };
}

recipe_flags! {
    /// Variant of the network, efficientnet_b0 to efficientnet_b7
    architecture: String = "NAME",
    /// Pretrained weights: auto (under models/, then the hub), none, or a .safetensors or .pth file
    weights: String = "auto|none|FILE",
    /// Side in pixels of the square image that the network sees
    image_size: usize = "PIXELS",
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
    /// adam, adamw or sgd (Nesterov momentum 0.9)
    optimizer: OptimizerKind = "NAME",
    /// Peak learning rate
    learning_rate: f64 = "RATE",
    /// Weight decay of convolution and linear weights
    weight_decay: f64 = "RATE",
    /// constant or cosine, after the warm-up
    schedule: Schedule = "NAME",
    /// Epochs over which the learning rate rises from zero
    warmup_epochs: f64 = "N",
    /// Probability mass given evenly to all classes
    label_smoothing: f64 = "SHARE",
    /// Probability of dropping a feature before the linear layer
    dropout: f64 = "P",
    /// Probability of dropping the last block's residual branch
    stochastic_depth: f64 = "P",
    /// Probability of mirroring an image left to right
    horizontal_flip: f64 = "P",
    /// Largest random shift, as a share of the image's side
    shift: f64 = "SHARE",
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
