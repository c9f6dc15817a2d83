//! Compound scaling: from B0's stages to any width and depth.

use burn::tensor::Device;
use pretrained::{Family, Padding};

use super::{EfficientNet, MbConvConfig};

/// A stage of EfficientNet-B0, before scaling (Tan and Le 2019, table 1).
struct BaseStage {
    expansion: usize,
    kernel: usize,
    stride: usize,
    channels: usize,
    repeats: usize,
}

const fn stage(
    expansion: usize,
    kernel: usize,
    stride: usize,
    channels: usize,
    repeats: usize,
) -> BaseStage {
    BaseStage {
        expansion,
        kernel,
        stride,
        channels,
        repeats,
    }
}

const BASE_STAGES: [BaseStage; 7] = [
    stage(1, 3, 1, 16, 1),
    stage(6, 3, 2, 24, 2),
    stage(6, 5, 2, 40, 2),
    stage(6, 3, 2, 80, 3),
    stage(6, 5, 1, 112, 3),
    stage(6, 5, 2, 192, 4),
    stage(6, 3, 1, 320, 1),
];
const BASE_STEM_CHANNELS: usize = 32;
const BASE_HEAD_CHANNELS: usize = 1280;

/// Name, width multiplier, depth multiplier and dropout of the published variants (the paper's `efficientnet_builder.py`).
const VARIANTS: [(&str, f64, f64, f64); 8] = [
    ("efficientnet_b0", 1.0, 1.0, 0.2),
    ("efficientnet_b1", 1.0, 1.1, 0.2),
    ("efficientnet_b2", 1.1, 1.2, 0.3),
    ("efficientnet_b3", 1.2, 1.4, 0.3),
    ("efficientnet_b4", 1.4, 1.8, 0.4),
    ("efficientnet_b5", 1.6, 2.2, 0.4),
    ("efficientnet_b6", 1.8, 2.6, 0.5),
    ("efficientnet_b7", 2.0, 3.1, 0.5),
];

/// Configuration of an [`EfficientNet`]: `EfficientNetConfig -> init() -> EfficientNet`.
#[derive(Debug, Clone, PartialEq)]
pub struct EfficientNetConfig {
    /// Name of the variant, `efficientnet_b0` to `efficientnet_b7`.
    pub name: String,
    /// Multiplier of every channel count.
    pub width: f64,
    /// Multiplier of every stage's number of blocks.
    pub depth: f64,
    /// Number of classes, the width of the logits.
    pub classes: usize,
    /// Padding and batch-norm epsilon, which belong to the weights.
    pub family: Family,
    /// Probability of dropping a feature before the linear layer, in `[0, 1)`.
    pub dropout: f64,
    /// Probability of dropping the last block's residual branch, in `[0, 1)`;
    /// earlier blocks get a share that grows linearly with depth.
    pub stochastic_depth: f64,
}

impl EfficientNetConfig {
    /// The published variant `name`, or `None` where there is none of that name.
    pub fn variant(name: &str, classes: usize, family: Family) -> Option<Self> {
        let (name, width, depth, dropout) = *VARIANTS.iter().find(|variant| variant.0 == name)?;
        Some(Self {
            name: name.to_owned(),
            width,
            depth,
            classes,
            family,
            dropout,
            stochastic_depth: 0.0,
        })
    }

    /// Names of the published variants.
    pub fn variant_names() -> impl Iterator<Item = &'static str> {
        VARIANTS.iter().map(|variant| variant.0)
    }

    /// Sets the probability of dropping a feature before the linear layer.
    pub fn with_dropout(mut self, dropout: f64) -> Self {
        self.dropout = dropout;
        self
    }

    /// Sets the stochastic-depth probability of the last block.
    pub fn with_stochastic_depth(mut self, probability: f64) -> Self {
        self.stochastic_depth = probability;
        self
    }

    /// Builds the network with fresh weights on `device`.
    pub fn init(&self, device: &Device) -> EfficientNet {
        EfficientNet::new(self, device)
    }

    /// Channels of the stem's convolution.
    pub fn stem_channels(&self) -> usize {
        scale_channels(BASE_STEM_CHANNELS, self.width)
    }

    /// Channels of the last convolution, the length of the pooled feature.
    pub fn head_channels(&self) -> usize {
        scale_channels(BASE_HEAD_CHANNELS, self.width)
    }

    /// The blocks, stage by stage, with every channel count resolved.
    pub fn stages(&self) -> Vec<Vec<MbConvConfig>> {
        let repeats: Vec<usize> = BASE_STAGES
            .iter()
            .map(|stage| (stage.repeats as f64 * self.depth).ceil() as usize)
            .collect();
        let total: usize = repeats.iter().sum();
        let mut channels_in = self.stem_channels();
        let mut index = 0;
        BASE_STAGES
            .iter()
            .zip(repeats)
            .map(|(stage, repeats)| {
                let channels_out = scale_channels(stage.channels, self.width);
                (0..repeats)
                    .map(|repeat| {
                        let block = MbConvConfig {
                            channels_in,
                            channels_out,
                            expansion: stage.expansion,
                            kernel: stage.kernel,
                            stride: if repeat == 0 { stage.stride } else { 1 },
                            drop_probability: self.stochastic_depth * index as f64 / total as f64,
                            family: self.family,
                        };
                        channels_in = channels_out;
                        index += 1;
                        block
                    })
                    .collect()
            })
            .collect()
    }

    /// Whether convolutions pad as TensorFlow's `SAME` does.
    pub fn pads_same(&self) -> bool {
        self.family.padding == Padding::Same
    }
}

/// Scales a channel count and rounds it to a multiple of 8, never more than
/// 10 % down (`round_filters` of the reference implementation).
fn scale_channels(channels: usize, width: f64) -> usize {
    const DIVISOR: f64 = 8.0;
    let scaled = channels as f64 * width;
    let rounded = ((scaled + DIVISOR / 2.0) / DIVISOR).floor() * DIVISOR;
    let rounded = rounded.max(DIVISOR);
    (if rounded < 0.9 * scaled {
        rounded + DIVISOR
    } else {
        rounded
    }) as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(name: &str) -> EfficientNetConfig {
        EfficientNetConfig::variant(name, 1000, Family::torch()).unwrap()
    }

    #[test]
    fn b0_has_sixteen_blocks_and_published_widths() {
        let config = config("efficientnet_b0");
        let stages = config.stages();
        assert_eq!(stages.iter().map(Vec::len).sum::<usize>(), 16);
        assert_eq!(config.stem_channels(), 32);
        assert_eq!(config.head_channels(), 1280);
        let out: Vec<_> = stages.iter().map(|stage| stage[0].channels_out).collect();
        assert_eq!(out, [16, 24, 40, 80, 112, 192, 320]);
    }

    #[test]
    fn b7_scales_as_published() {
        let config = config("efficientnet_b7");
        assert_eq!(config.stem_channels(), 64);
        assert_eq!(config.head_channels(), 2560);
        let repeats: Vec<_> = config.stages().iter().map(Vec::len).collect();
        assert_eq!(repeats, [4, 7, 7, 10, 10, 13, 4]);
    }

    #[test]
    fn stochastic_depth_grows_linearly_from_zero() {
        let config = config("efficientnet_b0").with_stochastic_depth(0.2);
        let drops: Vec<f64> = config
            .stages()
            .concat()
            .iter()
            .map(|block| block.drop_probability)
            .collect();
        assert_eq!(drops[0], 0.0);
        assert!((drops[15] - 0.2 * 15.0 / 16.0).abs() < 1e-12);
        assert!(drops.windows(2).all(|pair| pair[0] < pair[1]));
    }
}
