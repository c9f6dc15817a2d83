//! A valid contract for this crate's tests.

use std::collections::BTreeMap;

use crate::*;

pub(crate) fn contract() -> Contract {
    Contract {
        version: 1,
        architecture: "efficientnet_b0".into(),
        parameters: 4_011_391,
        classes: ["apple", "beaver", "bear"].map(String::from).into(),
        superclasses: Some(Superclasses {
            names: ["fruit", "mammals"].map(String::from).into(),
            of_class: vec![0, 1, 1],
        }),
        input: Input {
            name: "image".into(),
            height: 32,
            width: 32,
            channels: 3,
            layout: Layout::Nhwc,
            dtype: DType::Uint8,
            channel_order: ChannelOrder::Rgb,
        },
        fit: Fit::CenterCrop { shorter_side: 36 },
        preprocessing: Preprocessing {
            resize: Resize::OpencvCubic,
            height: 224,
            width: 224,
            scale: 1.0 / 255.0,
            mean: [0.485, 0.456, 0.406],
            std: [0.229, 0.224, 0.225],
        },
        output: Output {
            logits: "logits".into(),
            probabilities: "probabilities".into(),
        },
        training: Training {
            recipe: serde_json::json!({"epochs": 3, "optimizer": {"name": "adamw"}}),
            dataset: DatasetInfo {
                name: "cifar100".into(),
                sha256: "e8059418168a676eeadc905de3d414219b4f886ef82101eebcd5d40c7f218a63".into(),
                train: 40_000,
                val: 10_000,
                test: 10_000,
                copies_together: false,
                test_fraction: None,
                split: Some(SplitInfo {
                    seed: 1,
                    val_fraction: 0.2,
                }),
            },
            weights: Some(WeightsInfo {
                source: "timm/efficientnet_b0.ra_in1k".into(),
                sha256: "7c3697c59da4b0fbd21448c0d22c2aed34686c1115139e6e6589e6f2b49ecd98".into(),
            }),
            epochs: 3,
            metrics: BTreeMap::from([("val_loss".into(), 1.25), ("val_top1".into(), 0.6875)]),
            trainer_version: "0.1.0".into(),
            created_unix: 1_790_000_000,
        },
    }
}
