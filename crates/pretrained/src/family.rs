//! The two families of EfficientNet weights.

use serde::{Deserialize, Serialize};

/// ImageNet's channel means of RGB / 255, the default of timm, torchvision and TF-Hub's B0.
pub const IMAGENET_MEAN: [f32; 3] = [0.485, 0.456, 0.406];
/// ImageNet's channel standard deviations of RGB / 255.
pub const IMAGENET_STD: [f32; 3] = [0.229, 0.224, 0.225];

/// How a convolution pads its input.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Padding {
    /// `(kernel - 1) / 2` on every side, as PyTorch models do.
    Symmetric,
    /// TensorFlow's `SAME`: what the output size needs, the odd pixel at the bottom and right.
    Same,
}

/// What of the architecture belongs to the weights rather than to the network's size.
///
/// Weights of one family lose accuracy in a network of the other.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Family {
    /// Padding of every convolution.
    pub padding: Padding,
    /// Epsilon of every batch norm.
    pub bn_epsilon: f64,
}

impl Family {
    /// Trained in PyTorch (timm's `efficientnet_*`, torchvision): symmetric padding, 1e-5.
    #[must_use]
    pub const fn torch() -> Self {
        Self {
            padding: Padding::Symmetric,
            bn_epsilon: 1e-5,
        }
    }

    /// Trained in TensorFlow (timm's `tf_efficientnet_*`, TF-Hub, Keras): SAME padding, 1e-3.
    #[must_use]
    pub const fn tensorflow() -> Self {
        Self {
            padding: Padding::Same,
            bn_epsilon: 1e-3,
        }
    }
}

impl Padding {
    /// Reads the `padding` entry of a file's metadata: `TF SAME`, `same`, `symmetric`.
    pub(crate) fn from_metadata(text: &str) -> Option<Self> {
        match text.trim().to_ascii_lowercase().as_str() {
            "same" | "tf same" => Some(Self::Same),
            "symmetric" => Some(Self::Symmetric),
            _ => None,
        }
    }

    /// The text that [`Padding::from_metadata`] reads.
    pub(crate) fn to_metadata(self) -> &'static str {
        match self {
            Self::Same => "TF SAME",
            Self::Symmetric => "symmetric",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn serde_uses_lowercase_words() {
        let json = serde_json::to_string(&Family::tensorflow()).unwrap();
        assert_eq!(json, r#"{"padding":"same","bn_epsilon":0.001}"#);
        let family: Family =
            serde_json::from_str(r#"{"padding":"symmetric","bn_epsilon":1e-5}"#).unwrap();
        assert_eq!(family, Family::torch());
    }

    #[test]
    fn metadata_text_round_trips() {
        for padding in [Padding::Same, Padding::Symmetric] {
            assert_eq!(Padding::from_metadata(padding.to_metadata()), Some(padding));
        }
        assert_eq!(Padding::from_metadata("valid"), None);
    }
}
