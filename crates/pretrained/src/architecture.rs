//! Telling B0 to B7 apart by their tensors.

use std::collections::BTreeMap;

/// Width and depth multipliers of B0 to B7 (Tan & Le, "EfficientNet", 2019, and the
/// reference implementation's `efficientnet_params`).
const MULTIPLIERS: [(&str, f64, f64); 8] = [
    ("efficientnet_b0", 1.0, 1.0),
    ("efficientnet_b1", 1.0, 1.1),
    ("efficientnet_b2", 1.1, 1.2),
    ("efficientnet_b3", 1.2, 1.4),
    ("efficientnet_b4", 1.4, 1.8),
    ("efficientnet_b5", 1.6, 2.2),
    ("efficientnet_b6", 1.8, 2.6),
    ("efficientnet_b7", 2.0, 3.1),
];
/// B0's blocks in each stage.
const DEPTHS: [f64; 7] = [1.0, 2.0, 2.0, 3.0, 3.0, 4.0, 1.0];

/// The architecture (`efficientnet_b0` to `efficientnet_b7`) whose stem, head and number of
/// blocks these shapes have, given timm's names; `None` if there is none.
///
/// B0 and B1 have the same stem and head: only the blocks tell them apart.
#[must_use]
pub fn identify(shapes: &BTreeMap<String, Vec<usize>>) -> Option<&'static str> {
    let channels = |name: &str| shapes.get(name)?.first().copied();
    let stem = channels("conv_stem.weight")?;
    let head = channels("conv_head.weight")?;
    let mut depths = [0usize; DEPTHS.len()];
    for name in shapes.keys() {
        let mut parts = name.split('.');
        if parts.next() != Some("blocks") {
            continue;
        }
        let mut number = || parts.next()?.parse::<usize>().ok();
        let (Some(stage), Some(block)) = (number(), number()) else {
            continue;
        };
        if let Some(depth) = depths.get_mut(stage) {
            *depth = (*depth).max(block.saturating_add(1));
        }
    }
    MULTIPLIERS.iter().find_map(|&(name, width, depth)| {
        let fits = stem == round_channels(32.0 * width)
            && head == round_channels(1280.0 * width)
            && depths == DEPTHS.map(|blocks| round_up(blocks * depth));
        fits.then_some(name)
    })
}

/// The nearest multiple of 8 that is at least 90 % of `channels`.
fn round_channels(channels: f64) -> usize {
    let rounded = ((channels + 4.0) / 8.0).floor() * 8.0;
    round_up(if rounded < 0.9 * channels {
        rounded + 8.0
    } else {
        rounded
    })
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "channels and blocks: small and positive"
)]
fn round_up(number: f64) -> usize {
    number.ceil() as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shapes(stem: usize, head: usize, depths: [usize; 7]) -> BTreeMap<String, Vec<usize>> {
        let mut shapes = BTreeMap::from([
            ("conv_stem.weight".to_owned(), vec![stem, 3, 3, 3]),
            ("conv_head.weight".to_owned(), vec![head, 320, 1, 1]),
        ]);
        for (stage, depth) in depths.into_iter().enumerate() {
            for block in 0..depth {
                shapes.insert(format!("blocks.{stage}.{block}.conv_dw.weight"), vec![1]);
            }
        }
        shapes
    }

    /// Stems, heads and depths as timm's models have them.
    #[test]
    fn every_architecture_is_told_from_the_others() {
        for (name, stem, head, depths) in [
            ("efficientnet_b0", 32, 1280, [1, 2, 2, 3, 3, 4, 1]),
            ("efficientnet_b1", 32, 1280, [2, 3, 3, 4, 4, 5, 2]),
            ("efficientnet_b2", 32, 1408, [2, 3, 3, 4, 4, 5, 2]),
            ("efficientnet_b3", 40, 1536, [2, 3, 3, 5, 5, 6, 2]),
            ("efficientnet_b4", 48, 1792, [2, 4, 4, 6, 6, 8, 2]),
            ("efficientnet_b5", 48, 2048, [3, 5, 5, 7, 7, 9, 3]),
            ("efficientnet_b6", 56, 2304, [3, 6, 6, 8, 8, 11, 3]),
            ("efficientnet_b7", 64, 2560, [4, 7, 7, 10, 10, 13, 4]),
        ] {
            assert_eq!(identify(&shapes(stem, head, depths)), Some(name));
        }
    }

    #[test]
    fn another_network_has_no_name() {
        assert_eq!(identify(&shapes(32, 1280, [1, 2, 2, 3, 3, 4, 2])), None);
        assert_eq!(identify(&BTreeMap::new()), None);
    }
}
