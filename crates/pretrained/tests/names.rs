//! Names and shapes of the whole network.

#![expect(clippy::unwrap_used, reason = "a test that fails may panic")]

use std::collections::{BTreeMap, BTreeSet};

use pretrained::{conv_to_batch_norm, identify, timm_to_torchvision, torchvision_to_timm};

fn torchvision_shapes() -> BTreeMap<String, Vec<usize>> {
    let json = include_str!("fixtures/efficientnet_b0_torchvision_shapes.json");
    serde_json::from_str(json).unwrap()
}

fn timm_shapes() -> BTreeMap<String, Vec<usize>> {
    (torchvision_shapes().into_iter())
        .map(|(name, shape)| (torchvision_to_timm(&name).unwrap(), shape))
        .collect()
}

#[test]
fn every_tensor_of_b0_goes_to_timm_and_back() {
    let torchvision = torchvision_shapes();
    assert_eq!(torchvision.len(), 311);
    assert_eq!(timm_shapes().len(), 311, "no two tensors get the same name");
    for name in torchvision.keys() {
        let timm = torchvision_to_timm(name).unwrap();
        assert_eq!(timm_to_torchvision(&timm).as_ref(), Some(name));
    }
}

#[test]
fn the_shapes_are_those_of_b0() {
    assert_eq!(identify(&timm_shapes()), Some("efficientnet_b0"));
}

/// A batch norm has as many channels as the convolution that it follows has outputs, and
/// every batch norm follows one.
#[test]
fn convolutions_and_batch_norms_pair_up() {
    let shapes = timm_shapes();
    let mut paired = BTreeSet::new();
    for (name, shape) in &shapes {
        let Some(batch_norm) = name.strip_suffix(".weight").and_then(conv_to_batch_norm) else {
            continue;
        };
        assert_eq!(
            shapes[&format!("{batch_norm}.running_var")],
            shape[..1],
            "{name}"
        );
        paired.insert(batch_norm);
    }
    let batch_norms: BTreeSet<_> = (shapes.keys())
        .filter_map(|name| Some(name.strip_suffix(".running_mean")?.to_owned()))
        .collect();
    assert_eq!(paired.len(), 49);
    assert_eq!(paired, batch_norms);
}
