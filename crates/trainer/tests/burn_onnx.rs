//! burn-onnx's exporter as a cross-check: through ONNX Runtime it gives what
//! burn gives, and ours (see `exported_logits.rs`) has fewer nodes.
//!
//! In a process of its own: ONNX Runtime has one environment a process, and
//! `infer` keeps it.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use std::{
    fs,
    path::{Path, PathBuf},
};

use burn::{
    module::Module,
    tensor::{Device, Tensor, TensorData},
};
use burn_onnx::export::{OnnxExporter, Opset};
use common::{SIZE, largest_difference, setup};
use ort::{inputs, session::Session, value::TensorRef};
use pretrained::Family;
use trainer::{
    export::{self, Precision},
    model::EfficientNet,
};

const IMAGES: usize = 4;

#[test]
fn the_official_exporter_agrees() {
    let (data, config, checkpoint, model) = setup(Family::tensorflow());
    let pixels: Vec<u8> = (0..IMAGES)
        .flat_map(|index| data.train.pixels(index).unwrap().to_vec())
        .collect();
    let input = data.preprocessor().batch(&pixels);
    let shape = [IMAGES, 3, SIZE, SIZE];
    let images = TensorData::new(input.clone(), shape);
    let burn: Vec<f32> = model
        .forward(Tensor::from_data(images, &Device::flex()))
        .into_data()
        .iter::<f32>()
        .collect();

    // Exporting moves a module's shared running statistics to the capture
    // device, so the exporter gets a copy of its own.
    let copy = config
        .init(&Device::flex())
        .with_tensors(model.named_tensors())
        .unwrap()
        .valid();
    let sample = Tensor::<4>::zeros(shape, &Device::flex());
    let official = OnnxExporter::new()
        .opset(Opset::V18)
        .export(&copy, sample, EfficientNet::forward)
        .unwrap();
    let logits = run(official.as_bytes(), shape, &input);
    let difference = largest_difference(&burn, &logits);
    assert!(difference < 1e-3, "{difference}");

    let nodes = |bytes: &[u8]| {
        let model = onnx::ModelProto::from_bytes(bytes).unwrap();
        model.graph.map_or(0, |graph| graph.node.len())
    };
    let ours = nodes(&export::to_onnx(&checkpoint, &config, Precision::Fp32).to_bytes());
    let official = nodes(official.as_bytes());
    assert!(ours < official, "{ours} and {official} nodes");
}

/// Runs a model with one float input and one output.
fn run(model: &[u8], shape: [usize; 4], input: &[f32]) -> Vec<f32> {
    let environment = ort::init_from(runtime()).unwrap().build().unwrap();
    let mut session = Session::builder(&environment)
        .unwrap()
        .commit_from_memory(model)
        .unwrap();
    let tensor = TensorRef::from_array_view((shape, input)).unwrap();
    let outputs = session.run(inputs![tensor]).unwrap();
    let (_, values) = outputs[0].try_extract_tensor::<f32>().unwrap();
    values.to_vec()
}

/// The library that tools/onnxruntime.sh fetched, or ORT_DYLIB_PATH.
fn runtime() -> PathBuf {
    let folder = match std::env::var_os("ORT_DYLIB_PATH").map(PathBuf::from) {
        Some(library) if library.is_file() => return library,
        Some(folder) => folder,
        None => Path::new(env!("CARGO_MANIFEST_DIR")).join("../../.onnxruntime"),
    };
    fs::read_dir(&folder)
        .ok()
        .and_then(|entries| {
            entries
                .filter_map(|entry| Some(entry.ok()?.path()))
                .find(|path| {
                    path.file_name()
                        .is_some_and(|name| name.to_string_lossy().starts_with("libonnxruntime.so"))
                })
        })
        .expect("no ONNX Runtime\nhint: run tools/onnxruntime.sh")
}
