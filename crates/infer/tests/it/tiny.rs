//! A tiny real classifier for the digits: nearest class mean, as an ONNX graph
//! with a contract.

use std::collections::BTreeMap;

use contract::{
    ChannelOrder, Contract, DType, DatasetInfo, Fit, Input, Layout, Output, Preprocessing, Resize,
    SplitInfo, Training,
};
use dataset::{Dataset, OpenOptions, Source, stratified_split};
use onnx::{Attribute, Dim, Elem, GraphBuilder, ModelProto};

/// Pixels of a digit: 8 x 8 x 3.
const PIXELS: usize = 8 * 8 * 3;

/// The digits data set.
pub fn digits() -> Dataset {
    dataset::open(&Source::Digits, &OpenOptions::default()).unwrap()
}

/// The contract of the tiny model.
pub fn contract(digits: &Dataset) -> Contract {
    let labels = digits.train.labels();
    let split = stratified_split(&labels, &digits.classes, 0.2, 42).unwrap();
    Contract {
        version: 1,
        architecture: "nearest_mean".into(),
        parameters: ((PIXELS + 1) * digits.classes.len()) as u64,
        classes: digits.classes.clone(),
        superclasses: None,
        input: Input {
            name: "image".into(),
            height: 8,
            width: 8,
            channels: 3,
            layout: Layout::Nhwc,
            dtype: DType::Uint8,
            channel_order: ChannelOrder::Rgb,
        },
        fit: Fit::Stretch,
        preprocessing: Preprocessing {
            resize: Resize::OpencvCubic,
            height: 8,
            width: 8,
            scale: 1.0 / 255.0,
            mean: [0.0; 3],
            std: [1.0; 3],
        },
        output: Output {
            logits: "logits".into(),
            probabilities: "probabilities".into(),
        },
        training: Training {
            recipe: serde_json::json!({"optimizer": {"name": "none"}}),
            dataset: DatasetInfo {
                name: digits.name.clone(),
                sha256: digits.sha256.clone(),
                train: split.train.len(),
                val: split.val.len(),
                test: digits.test.as_ref().unwrap().len(),
                copies_together: false,
                test_fraction: None,
                split: Some(SplitInfo {
                    seed: 42,
                    val_fraction: 0.2,
                }),
            },
            weights: None,
            epochs: 1,
            metrics: BTreeMap::from([("val_top1".into(), 0.9)]),
            trainer_version: "0.1.0".into(),
            created_unix: 1_700_000_000,
        },
    }
}

/// The tiny model with its contract.
pub fn model() -> ModelProto {
    model_with(&contract(&digits()))
}

/// The tiny model: `logits = x M + b` with the class means `m` of the digits
/// in the columns of `M` and `b = -|m|^2 / 2`, so the largest logit is the
/// nearest mean's.
pub fn model_with(contract: &Contract) -> ModelProto {
    let digits = digits();
    let classes = digits.classes.len();
    let means = class_means(&digits);
    let mut columns = vec![0.0; PIXELS * classes];
    for (class, mean) in means.iter().enumerate() {
        for (pixel, value) in mean.iter().enumerate() {
            columns[pixel * classes + class] = *value;
        }
    }
    let bias = means
        .iter()
        .map(|mean| -mean.iter().map(|v| v * v).sum::<f32>() / 2.0)
        .collect();

    let batch = || Dim::Symbolic("batch".into());
    let fixed = |length: usize| Dim::Fixed(length as i64);
    let mut graph = GraphBuilder::new("tiny", 18);
    graph.input("image", Elem::U8, &[batch(), fixed(8), fixed(8), fixed(3)]);
    let scale = graph.f32("scale", &[], vec![1.0 / 255.0]);
    let weight = graph.f32("weight", &[PIXELS as i64, classes as i64], columns);
    let bias = graph.f32("bias", &[classes as i64], bias);
    graph.node(
        "Cast",
        "cast",
        &["image"],
        &["float"],
        vec![Attribute::int("to", Elem::F32 as i64)],
    );
    graph.node(
        "Mul",
        "scale_to_one",
        &["float", &scale],
        &["scaled"],
        vec![],
    );
    graph.node(
        "Flatten",
        "flatten",
        &["scaled"],
        &["flat"],
        vec![Attribute::int("axis", 1)],
    );
    graph.node(
        "Gemm",
        "linear",
        &["flat", &weight, &bias],
        &["logits"],
        vec![],
    );
    graph.node(
        "Softmax",
        "softmax",
        &["logits"],
        &["probabilities"],
        vec![Attribute::int("axis", 1)],
    );
    for name in ["logits", "probabilities"] {
        graph.output(name, Elem::F32, &[batch(), fixed(classes)]);
    }
    let json = contract.to_json();
    graph.build("test", "1", &[(contract::METADATA_KEY.into(), json)])
}

/// The mean training image of each class, in 0 to 1.
fn class_means(digits: &Dataset) -> Vec<Vec<f32>> {
    let mut sums = vec![vec![0.0; PIXELS]; digits.classes.len()];
    let mut counts = vec![0.0; digits.classes.len()];
    for i in 0..digits.train.len() {
        let label = digits.train.label(i);
        counts[label] += 1.0;
        for (sum, &pixel) in sums[label].iter_mut().zip(digits.train.pixels(i).unwrap()) {
            *sum += f32::from(pixel) / 255.0;
        }
    }
    for (sum, count) in sums.iter_mut().zip(counts) {
        sum.iter_mut().for_each(|value| *value /= count);
    }
    sums
}
