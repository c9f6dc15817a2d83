//! Values of a recipe that are one of a few names.

use std::{fmt, str::FromStr};

use burn::tensor::FloatDType;
use contract::Resize;
use serde::{Deserialize, Serialize};

/// How gradients become updates.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum OptimizerKind {
    /// Adam (Kingma and Ba 2015).
    Adam,
    /// Adam with decoupled weight decay (Loshchilov and Hutter 2019).
    Adamw,
    /// Stochastic gradient descent with Nesterov momentum 0.9.
    Sgd,
}

/// How the learning rate changes over the run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ScheduleKind {
    /// Stays at its peak.
    Constant,
    /// Half a cosine from the peak down (Loshchilov and Hutter 2017).
    Cosine,
    /// Times `step_factor` after every `step_epochs` epochs.
    Step,
    /// Up and down again, as PyTorch's `OneCycleLR` has it (Smith and Topin 2019).
    OneCycle,
    /// Times `plateau_factor` after `plateau_patience` epochs without a better
    /// `monitor`, as Keras' `ReduceLROnPlateau` has it.
    Plateau,
}

/// Number format of the convolutions in training. Weights, optimiser, batch norms,
/// activations between them, loss and validation are in float32 with either.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PrecisionKind {
    /// float32.
    Fp32,
    /// bfloat16: float32's range with 8 bits of precision, so that no gradient
    /// needs scaling (Kalamkar et al. 2019). What a GPU's tensor cores are for.
    Bf16,
}

impl PrecisionKind {
    /// As burn has it.
    pub fn dtype(self) -> FloatDType {
        match self {
            Self::Fp32 => FloatDType::F32,
            Self::Bf16 => FloatDType::BF16,
        }
    }
}

impl fmt::Display for PrecisionKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Fp32 => "fp32",
            Self::Bf16 => "bf16",
        })
    }
}

/// What resizes pictures before the network sees them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ResizeKind {
    /// Pillow's for photos, OpenCV's for images that are stored in one size.
    Auto,
    /// OpenCV's `INTER_CUBIC`, which does not antialias.
    OpencvCubic,
    /// Pillow's antialiased bicubic, as torchvision's transforms have it.
    PillowBicubic,
}

impl From<Resize> for ResizeKind {
    fn from(kernel: Resize) -> Self {
        match kernel {
            Resize::OpencvCubic => Self::OpencvCubic,
            Resize::PillowBicubic => Self::PillowBicubic,
        }
    }
}

/// How much an image of each class counts in the loss. The weights' mean over the
/// training images is 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ClassWeighting {
    /// As much as any other.
    None,
    /// By one over its class's images, so that all classes count the same:
    /// scikit-learn's `class_weight="balanced"`.
    Balanced,
    /// By one over its class's effective number of images (Cui et al. 2019), each of
    /// which adds less than the one before: milder than `balanced`.
    Effective,
}

/// Which training images an epoch draws.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SamplerKind {
    /// All of them, shuffled.
    Shuffle,
    /// As many of each class: images of rare classes several times, each time with other
    /// random changes, and of frequent ones a part that is drawn anew in every epoch.
    Balanced,
}

/// The figure that decides which epoch is the best.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Monitor {
    /// Top-1 accuracy on the validation split, the higher the better.
    ValTop1,
    /// Loss on the validation split, the lower the better.
    ValLoss,
    /// Mean F1 of the classes on the validation split, the higher the better.
    ValMacroF1,
    /// Mean recall of the classes on the validation split, the higher the better.
    ValBalancedAccuracy,
}

impl Monitor {
    /// The figure's name, in recipes and in a checkpoint's metrics.
    pub fn name(self) -> &'static str {
        match self {
            Self::ValTop1 => "val_top1",
            Self::ValLoss => "val_loss",
            Self::ValMacroF1 => "val_macro_f1",
            Self::ValBalancedAccuracy => "val_balanced_accuracy",
        }
    }

    /// Whether `value` is better than `best`.
    pub fn is_better(self, value: f64, best: f64) -> bool {
        self.is_better_by(0.0, value, best)
    }

    /// Whether `value` is better than `best` by more than `amount`.
    pub fn is_better_by(self, amount: f64, value: f64, best: f64) -> bool {
        match self {
            Self::ValTop1 | Self::ValMacroF1 | Self::ValBalancedAccuracy => value > best + amount,
            Self::ValLoss => value < best - amount,
        }
    }
}

/// Which network a run exports, after its epochs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Selection {
    /// That of the epoch with the best `monitor`.
    Best,
    /// That of the last epoch: where the validation split is too small to choose by, the end of the
    /// schedule is the better guess.
    Last,
    /// That of the last epoch, its weights averaged with those that fine-tuning began with, the
    /// last layer alone trained (`head_epochs`; the last epoch's itself where that was not
    /// done). Keeps what pretraining knew and a small set does not show: "Robust fine-tuning of
    /// zero-shot models" (WiSE-FT), Wortsman et al., 2022.
    Averaged,
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

from_toml_spelling!(
    OptimizerKind, "adam" => Self::Adam, "adamw" => Self::Adamw, "sgd" => Self::Sgd
);
from_toml_spelling!(
    ScheduleKind,
    "constant" => Self::Constant,
    "cosine" => Self::Cosine,
    "step" => Self::Step,
    "one-cycle" => Self::OneCycle,
    "plateau" => Self::Plateau
);
from_toml_spelling!(Selection, "best" => Self::Best, "last" => Self::Last,
    "averaged" => Self::Averaged);
from_toml_spelling!(PrecisionKind, "fp32" => Self::Fp32, "bf16" => Self::Bf16);
from_toml_spelling!(
    ResizeKind,
    "auto" => Self::Auto,
    "opencv_cubic" => Self::OpencvCubic,
    "pillow_bicubic" => Self::PillowBicubic
);
from_toml_spelling!(
    ClassWeighting,
    "none" => Self::None,
    "balanced" => Self::Balanced,
    "effective" => Self::Effective
);
from_toml_spelling!(SamplerKind, "shuffle" => Self::Shuffle, "balanced" => Self::Balanced);
from_toml_spelling!(
    Monitor,
    "val_top1" => Self::ValTop1,
    "val_loss" => Self::ValLoss,
    "val_macro_f1" => Self::ValMacroF1,
    "val_balanced_accuracy" => Self::ValBalancedAccuracy
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flags_and_files_spell_alike() {
        fn check<
            T: FromStr<Err = String> + serde::de::DeserializeOwned + PartialEq + std::fmt::Debug,
        >(
            spellings: &[&str],
        ) {
            for spelling in spellings {
                let from_file: T = serde_json::from_value((*spelling).into()).unwrap();
                assert_eq!(spelling.parse::<T>().unwrap(), from_file);
            }
            assert!("nothing".parse::<T>().unwrap_err().contains(spellings[0]));
        }
        check::<OptimizerKind>(&["adam", "adamw", "sgd"]);
        check::<ScheduleKind>(&["constant", "cosine", "step", "one-cycle", "plateau"]);
        check::<PrecisionKind>(&["fp32", "bf16"]);
        check::<Selection>(&["best", "last", "averaged"]);
        check::<ResizeKind>(&["auto", "opencv_cubic", "pillow_bicubic"]);
        check::<ClassWeighting>(&["none", "balanced", "effective"]);
        check::<SamplerKind>(&["shuffle", "balanced"]);
        let monitors = [
            Monitor::ValTop1,
            Monitor::ValLoss,
            Monitor::ValMacroF1,
            Monitor::ValBalancedAccuracy,
        ];
        check::<Monitor>(&monitors.map(Monitor::name));
        assert_eq!(
            monitors.map(|monitor| monitor.name().parse()),
            monitors.map(Ok)
        );
    }
}
