//! The reader against a tiny model.

use super::*;

fn node(name: &str, op: &str, weight: &str, bias: &str) -> serde_json::Value {
    serde_json::json!({
        "name": format!("net/model/{name}"),
        "op": op,
        "input": ["data", weight, bias],
        "attr": {"padding": {"s": SAME}, "fused_ops": {"list": {"s": [BIAS_ADD]}}},
    })
}

fn constant(name: &str, shape: &[usize], dtype: &str) -> serde_json::Value {
    serde_json::json!({"name": name, "shape": shape, "dtype": dtype})
}

/// A stem [1, 1, 3, 2], a depthwise [1, 2, 2, 1], a dense layer [2, 3]; values count up
/// from 0. The order of the constants is not that of the nodes, and one is an integer.
fn model() -> serde_json::Value {
    serde_json::json!({
        "modelTopology": {"node": [
            {"name": "data", "op": "Placeholder"},
            node("stem_bn/FusedBatchNormV3", "_FusedConv2D", "s", "sb"),
            node(
                "stack_0/block_0/depthwise_conv2d/depthwise",
                "FusedDepthwiseConv2dNative", "d", "db",
            ),
            node("logits/BiasAdd", "_FusedMatMul", "l", "lb"),
        ]},
        "weightsManifest": [{"paths": ["one.bin", "two.bin"], "weights": [
            constant("l", &[2, 3], "float32"),
            constant("s", &[1, 1, 3, 2], "float32"),
            constant("axes", &[2], "int32"),
            constant("d", &[1, 2, 2, 1], "float32"),
            constant("sb", &[2], "float32"),
            constant("db", &[2], "float32"),
            constant("lb", &[3], "float32"),
        ]}],
    })
}

fn files(model: &serde_json::Value) -> Files {
    let values: Vec<u8> = (0u8..25).flat_map(|i| f32::from(i).to_le_bytes()).collect();
    // Shards end anywhere, also within a constant.
    Files::from([
        (MODEL.to_owned(), serde_json::to_vec(model).unwrap()),
        ("one.bin".to_owned(), values[..30].to_vec()),
        ("two.bin".to_owned(), values[30..].to_vec()),
    ])
}

fn tensor(shape: &[usize], values: &[f32]) -> NamedTensor {
    NamedTensor {
        shape: shape.to_vec(),
        values: values.to_vec(),
    }
}

#[test]
fn constants_follow_the_graph_into_pytorchs_layouts() {
    let network = read(&files(&model())).unwrap();
    assert_eq!(network.family, Family::tensorflow());
    let expected = [
        (
            "conv_stem.weight",
            tensor(&[2, 3, 1, 1], &[6.0, 8.0, 10.0, 7.0, 9.0, 11.0]),
        ),
        ("conv_stem.bias", tensor(&[2], &[18.0, 19.0])),
        // [h 1, w 2, in 2, 1]: 14 15 / 16 17 becomes, by channel, 14 16 / 15 17.
        (
            "blocks.0.0.conv_dw.weight",
            tensor(&[2, 1, 1, 2], &[14.0, 16.0, 15.0, 17.0]),
        ),
        ("blocks.0.0.conv_dw.bias", tensor(&[2], &[20.0, 21.0])),
        (
            "classifier.weight",
            tensor(&[3, 2], &[0.0, 3.0, 1.0, 4.0, 2.0, 5.0]),
        ),
        ("classifier.bias", tensor(&[3], &[22.0, 23.0, 24.0])),
    ];
    let expected: NamedTensors = expected.map(|(name, t)| (name.to_owned(), t)).into();
    assert_eq!(network.tensors, expected);
}

#[test]
fn a_missing_file_is_named() {
    for name in [MODEL, "two.bin"] {
        let mut files = files(&model());
        files.remove(name);
        assert_eq!(read(&files).unwrap_err(), format!("{name} is missing"));
    }
}

#[test]
fn shards_that_are_cut_short_are_reported_with_both_lengths() {
    let mut files = files(&model());
    files.get_mut("one.bin").unwrap().truncate(26);
    assert_eq!(
        read(&files).unwrap_err(),
        "one.bin, two.bin: 96 bytes, model.json expects 100"
    );
}

#[test]
fn what_the_reader_would_misread_is_refused() {
    let message = |change: &dyn Fn(&mut serde_json::Value)| {
        let mut model = model();
        change(&mut model);
        read(&files(&model)).unwrap_err()
    };
    let stem = "node net/model/stem_bn/FusedBatchNormV3: ";
    assert_eq!(
        message(&|m| m["modelTopology"]["node"][1]["attr"]["padding"]["s"] = "VkFMSUQ=".into()),
        format!("{stem}padding is \"VkFMSUQ=\", expected SAME")
    );
    assert_eq!(
        message(&|m| m["modelTopology"]["node"][1]["attr"] = serde_json::json!({})),
        format!("{stem}fused_ops is null, expected BiasAdd alone")
    );
    assert_eq!(
        message(&|m| m["modelTopology"]["node"][1]["input"][1] = "axes".into()),
        format!("{stem}input axes is not a float32 constant")
    );
    assert_eq!(
        message(&|m| m["modelTopology"]["node"][1]["input"][2] = "lb".into()),
        format!("{stem}bias is [3] for a weight of [2, 3, 1, 1]")
    );
    assert_eq!(
        message(&|m| m["modelTopology"]["node"][1]["op"] = "_FusedMatMul".into()),
        format!("{stem}weight is [1, 1, 3, 2], expected 2 axes")
    );
    assert_eq!(
        message(&|m| m["modelTopology"]["node"][1]["name"] = "net/model/neck/Conv2D".into()),
        "node net/model/neck/Conv2D: not a layer of an EfficientNet"
    );
    assert_eq!(
        message(&|m| m["weightsManifest"][0]["weights"][0]["dtype"] = "uint8".into()),
        "l is uint8 or quantized, expected float32"
    );
    assert_eq!(
        message(&|m| m["weightsManifest"][0]["weights"][0]["shape"] = [usize::MAX, 9].into()),
        format!("l has the impossible shape [{}, 9]", usize::MAX)
    );
    assert_eq!(
        message(&|m| m["modelTopology"]["node"] = serde_json::json!([])),
        "model.json has no convolutions"
    );
    assert!(
        message(&|m| *m = serde_json::json!({})).starts_with("model.json is not a graph model")
    );
}
