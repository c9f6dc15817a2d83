//! The same layer in timm, torchvision and TensorFlow.

use std::collections::BTreeMap;

/// One layer. A convolution that a batch norm follows stands right before it.
struct Layer {
    timm: &'static str,
    torchvision: &'static str,
    /// Name without `_conv2d` or `_bn`; a batch norm is folded into its convolution there.
    tensorflow: Option<&'static str>,
}

const fn conv(timm: &'static str, torchvision: &'static str, tensorflow: &'static str) -> Layer {
    Layer {
        timm,
        torchvision,
        tensorflow: Some(tensorflow),
    }
}

const fn norm(timm: &'static str, torchvision: &'static str) -> Layer {
    Layer {
        timm,
        torchvision,
        tensorflow: None,
    }
}

/// Layers before and after the blocks.
const OUTER: [Layer; 5] = [
    conv("conv_stem", "features.0.0", "stem"),
    norm("bn1", "features.0.1"),
    conv("conv_head", "features.8.0", "top"),
    norm("bn2", "features.8.1"),
    conv("classifier", "classifier.1", "logits"),
];

/// A depthwise-separable block: expansion 1, all blocks of the first stage.
const SEPARABLE: [Layer; 6] = [
    conv("conv_dw", "0.0", "depthwise"),
    norm("bn1", "0.1"),
    conv("se.conv_reduce", "1.fc1", "se_reduce"),
    conv("se.conv_expand", "1.fc2", "se_expand"),
    conv("conv_pw", "2.0", "project"),
    norm("bn2", "2.1"),
];

/// An inverted-residual block: the blocks of all other stages.
const INVERTED: [Layer; 8] = [
    conv("conv_pw", "0.0", "expand"),
    norm("bn1", "0.1"),
    conv("conv_dw", "1.0", "depthwise"),
    norm("bn2", "1.1"),
    conv("se.conv_reduce", "2.fc1", "se_reduce"),
    conv("se.conv_expand", "2.fc2", "se_expand"),
    conv("conv_pwl", "3.0", "project"),
    norm("bn3", "3.1"),
];

/// Stages of blocks in every EfficientNet.
const STAGES: usize = 7;

fn block_layers(stage: usize) -> &'static [Layer] {
    if stage == 0 { &SEPARABLE } else { &INVERTED }
}

/// timm's name of a torchvision tensor, for example `blocks.1.0.conv_dw.weight` for
/// `features.2.0.block.1.0.weight`. `None` if torchvision's EfficientNet has no such tensor.
#[must_use]
pub fn torchvision_to_timm(name: &str) -> Option<String> {
    let (module, parameter) = name.rsplit_once('.')?;
    if let Some(layer) = OUTER.iter().find(|layer| layer.torchvision == module) {
        return Some(format!("{}.{parameter}", layer.timm));
    }
    let (stage, rest) = index(module.strip_prefix("features.")?)?;
    let (block, rest) = index(rest)?;
    let stage = stage.checked_sub(1).filter(|stage| *stage < STAGES)?;
    let inner = rest.strip_prefix("block.")?;
    let layer = block_layers(stage)
        .iter()
        .find(|layer| layer.torchvision == inner)?;
    Some(format!("blocks.{stage}.{block}.{}.{parameter}", layer.timm))
}

/// torchvision's name of a timm tensor: the inverse of [`torchvision_to_timm`].
/// `None` if timm's EfficientNet has no such tensor.
#[must_use]
pub fn timm_to_torchvision(name: &str) -> Option<String> {
    let (module, parameter) = name.rsplit_once('.')?;
    let found = find_timm(module)?;
    let module = match found.block {
        None => found.layer.torchvision.to_owned(),
        Some((stage, block)) => {
            format!(
                "features.{}.{block}.block.{}",
                stage + 1,
                found.layer.torchvision
            )
        }
    };
    Some(format!("{module}.{parameter}"))
}

/// The batch norm that follows a convolution, both in timm's names without the parameter:
/// `blocks.1.0.bn2` for `blocks.1.0.conv_dw`. `None` for the convolutions of
/// squeeze-and-excitation, the classifier and anything else.
#[must_use]
pub fn conv_to_batch_norm(conv: &str) -> Option<String> {
    let found = find_timm(conv)?;
    found.layer.tensorflow?;
    let next = found.next.filter(|layer| layer.tensorflow.is_none())?;
    Some(match found.block {
        None => next.timm.to_owned(),
        Some((stage, block)) => format!("blocks.{stage}.{block}.{}", next.timm),
    })
}

/// timm's name, without the parameter, of a layer of TensorFlow's EfficientNet:
/// `stem`, `top` or `logits` outside the blocks, `expand`, `depthwise`, `se_reduce`,
/// `se_expand` or `project` in the block (stack, index in the stack).
pub(crate) fn tensorflow_to_timm(block: Option<(usize, usize)>, layer: &str) -> Option<String> {
    let named = |table: &'static [Layer]| table.iter().find(|l| l.tensorflow == Some(layer));
    Some(match block {
        None => named(&OUTER)?.timm.to_owned(),
        Some((stage, index)) if stage < STAGES => {
            format!(
                "blocks.{stage}.{index}.{}",
                named(block_layers(stage))?.timm
            )
        }
        Some(_) => return None,
    })
}

/// The weights among a state dict's tensors: timm's name to the name in the file.
///
/// A checkpoint often keeps the network under a prefix (`state_dict.`, `module.`) beside
/// other things, such as an optimizer's state: the stem tells the prefix, and what does not
/// carry it is left out. Counters (`num_batches_tracked`) are left out too.
///
/// # Errors
/// The timm name that two tensors would get.
pub(crate) fn select<'a>(
    names: impl Iterator<Item = &'a str> + Clone,
) -> Result<BTreeMap<String, &'a str>, String> {
    let prefix = names
        .clone()
        .filter_map(|name| {
            let prefix = ["conv_stem.weight", "features.0.0.weight"]
                .iter()
                .find_map(|stem| name.strip_suffix(stem))?;
            (prefix.is_empty() || prefix.ends_with('.')).then_some(prefix)
        })
        .min_by_key(|prefix| (prefix.len(), *prefix))
        .unwrap_or("");
    let mut selected = BTreeMap::new();
    for name in names {
        let Some(short) = name.strip_prefix(prefix) else {
            continue;
        };
        if short.ends_with("num_batches_tracked") {
            continue;
        }
        let timm = torchvision_to_timm(short).unwrap_or_else(|| short.to_owned());
        if selected.insert(timm.clone(), name).is_some() {
            return Err(timm);
        }
    }
    Ok(selected)
}

/// A layer found by its timm name.
struct Found {
    block: Option<(usize, usize)>,
    layer: &'static Layer,
    next: Option<&'static Layer>,
}

fn find_timm(module: &str) -> Option<Found> {
    let (block, table, inner) = match module.strip_prefix("blocks.") {
        None => (None, &OUTER[..], module),
        Some(rest) => {
            let (stage, rest) = index(rest)?;
            let (block, inner) = index(rest)?;
            (stage < STAGES).then_some(())?;
            (Some((stage, block)), block_layers(stage), inner)
        }
    };
    let position = table.iter().position(|layer| layer.timm == inner)?;
    Some(Found {
        block,
        layer: &table[position],
        next: table.get(position + 1),
    })
}

/// Splits `3.rest` into the number and the rest.
fn index(text: &str) -> Option<(usize, &str)> {
    let (number, rest) = text.split_once('.')?;
    // `parse` would also take "+1", and "01" would not survive a round trip.
    let canonical = number
        .parse::<usize>()
        .ok()
        .filter(|n| n.to_string() == number)?;
    Some((canonical, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn torchvision_names_become_timm_names() {
        for (torchvision, timm) in [
            ("features.0.0.weight", "conv_stem.weight"),
            ("features.0.1.running_var", "bn1.running_var"),
            ("features.1.0.block.0.0.weight", "blocks.0.0.conv_dw.weight"),
            (
                "features.1.0.block.1.fc2.bias",
                "blocks.0.0.se.conv_expand.bias",
            ),
            ("features.1.1.block.2.1.bias", "blocks.0.1.bn2.bias"),
            ("features.4.2.block.0.0.weight", "blocks.3.2.conv_pw.weight"),
            (
                "features.7.0.block.3.1.running_mean",
                "blocks.6.0.bn3.running_mean",
            ),
            ("features.8.0.weight", "conv_head.weight"),
            ("classifier.1.bias", "classifier.bias"),
        ] {
            assert_eq!(torchvision_to_timm(torchvision).as_deref(), Some(timm));
            assert_eq!(timm_to_torchvision(timm).as_deref(), Some(torchvision));
        }
    }

    #[test]
    fn other_names_have_no_counterpart() {
        for name in [
            "",
            "weight",
            "features.9.0.weight",
            "features.8.0.block.0.0.weight",
            "features.1.+1.block.0.0.weight",
            "features.1.01.block.0.0.weight",
            "features.1.0.block.3.0.weight",
        ] {
            assert_eq!(torchvision_to_timm(name), None, "{name}");
        }
        for name in [
            "blocks.7.0.conv_pw.weight",
            "blocks.0.0.conv_pwl.weight",
            "head.weight",
        ] {
            assert_eq!(timm_to_torchvision(name), None, "{name}");
        }
    }

    #[test]
    fn a_batch_norm_follows_each_convolution_but_those_of_squeeze_and_excitation() {
        for (conv, batch_norm) in [
            ("conv_stem", Some("bn1")),
            ("conv_head", Some("bn2")),
            ("classifier", None),
            ("bn1", None),
            ("blocks.0.0.conv_dw", Some("blocks.0.0.bn1")),
            ("blocks.0.0.conv_pw", Some("blocks.0.0.bn2")),
            ("blocks.1.0.conv_pw", Some("blocks.1.0.bn1")),
            ("blocks.5.3.conv_dw", Some("blocks.5.3.bn2")),
            ("blocks.5.3.conv_pwl", Some("blocks.5.3.bn3")),
            ("blocks.5.3.se.conv_reduce", None),
            ("blocks.5.3.se.conv_expand", None),
            ("blocks.5.3.bn1", None),
        ] {
            assert_eq!(conv_to_batch_norm(conv).as_deref(), batch_norm, "{conv}");
        }
    }

    #[test]
    fn tensorflow_layers_get_timm_names() {
        let name = |block, layer| tensorflow_to_timm(block, layer);
        assert_eq!(name(None, "stem").as_deref(), Some("conv_stem"));
        assert_eq!(
            name(Some((0, 0)), "project").as_deref(),
            Some("blocks.0.0.conv_pw")
        );
        assert_eq!(
            name(Some((3, 1)), "project").as_deref(),
            Some("blocks.3.1.conv_pwl")
        );
        assert_eq!(name(Some((0, 0)), "expand"), None);
        assert_eq!(name(Some((7, 0)), "expand"), None);
    }

    #[test]
    fn a_prefix_and_counters_and_an_optimizer_are_left_out() {
        let names = [
            "epoch",
            "state_dict_ema.conv_stem.weight",
            "state_dict.conv_stem.weight",
            "state_dict.bn1.num_batches_tracked",
            "state_dict.classifier.weight",
            "optimizer.state.0.exp_avg",
        ];
        let selected = select(names.into_iter()).unwrap();
        let expected = [
            ("classifier.weight", "state_dict.classifier.weight"),
            ("conv_stem.weight", "state_dict.conv_stem.weight"),
        ];
        assert_eq!(
            selected,
            expected.map(|(timm, name)| (timm.to_owned(), name)).into()
        );
    }

    #[test]
    fn two_tensors_with_one_timm_name_are_refused() {
        let names = ["features.0.0.weight", "conv_stem.weight"];
        assert_eq!(
            select(names.into_iter()),
            Err("conv_stem.weight".to_owned())
        );
    }
}
