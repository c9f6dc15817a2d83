//! Our export against burn itself and against burn-onnx's exporter, through
//! ONNX Runtime.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::path::Path;

use burn::{
    module::Module,
    tensor::{Device, Tensor, TensorData},
};
use burn_onnx::export::{OnnxExporter, Opset};
use contract::preprocess::Preprocessor;
use infer::Classifier;
use ort::{inputs, session::Session, value::TensorRef};
use pretrained::Family;
use trainer::{
    checkpoint::Checkpoint,
    export,
    model::{EfficientNet, EfficientNetConfig},
    train::{self, Recipe, TrainingData},
};

const SIZE: usize = 64;

/// A network whose running statistics are not those of a fresh one: some
/// training-mode forwards have moved them.
fn network(config: &EfficientNetConfig) -> EfficientNet {
    let device = Device::flex().autodiff();
    device.seed(3);
    let network = config.init(&device);
    for _ in 0..3 {
        let noise = Tensor::random(
            [8, 3, SIZE, SIZE],
            burn::tensor::Distribution::Normal(0.3, 1.5),
            &device,
        );
        network.forward(noise);
    }
    network.valid()
}

fn digits(recipe: &Recipe) -> TrainingData {
    let options = dataset::OpenOptions::default();
    let digits = dataset::open(&dataset::Source::Digits, &options).unwrap();
    TrainingData::new(&digits, recipe, [0.4, 0.5, 0.6], [0.2, 0.25, 0.3]).unwrap()
}

fn checkpoint(data: &TrainingData, recipe: &Recipe, config: &EfficientNetConfig) -> Checkpoint {
    let network = network(config);
    Checkpoint {
        contract: train::contract(recipe, data, network.trainable_parameters(), None),
        family: config.family,
        tensors: network.named_tensors(),
    }
}

fn setup(family: Family) -> (TrainingData, EfficientNetConfig, Checkpoint, EfficientNet) {
    let recipe = Recipe {
        image_size: SIZE,
        ..Recipe::default()
    };
    let data = digits(&recipe);
    let config = EfficientNetConfig::variant("efficientnet_b0", 10, family).unwrap();
    let checkpoint = checkpoint(&data, &recipe, &config);
    let model = config
        .init(&Device::flex())
        .with_tensors(checkpoint.tensors.clone())
        .unwrap()
        .valid();
    (data, config, checkpoint, model)
}

fn largest_difference(a: &[f32], b: &[f32]) -> f32 {
    assert_eq!(a.len(), b.len());
    a.iter()
        .zip(b)
        .map(|(a, b)| (a - b).abs())
        .fold(0.0, f32::max)
}

/// Both paddings, burn against the exported file on 256 pictures; odd sizes of
/// the feature map come with 64 px (64, 32, 16, 8, 4, 2).
#[test]
fn exported_logits_are_those_of_burn() {
    for family in [Family::torch(), Family::tensorflow()] {
        let (data, config, checkpoint, model) = setup(family);
        let classifier = Classifier::builder()
            .device(infer::Device::Cpu)
            .from_bytes(export::to_onnx(&checkpoint, &config).to_bytes())
            .unwrap();
        let pixels: Vec<u8> = (0..256)
            .flat_map(|index| data.train.pixels(index).unwrap().to_vec())
            .collect();
        let input = data.preprocessor().batch(&pixels);
        let images = TensorData::new(input, [256, 3, SIZE, SIZE]);
        let burn: Vec<f32> = model
            .forward(Tensor::from_data(images, &Device::flex()))
            .into_data()
            .iter::<f32>()
            .collect();
        let onnx = classifier.classify_batch(&pixels).unwrap();
        for (index, (burn, onnx)) in burn.chunks(10).zip(&onnx).enumerate() {
            let difference = largest_difference(burn, &onnx.logits);
            assert!(difference < 1e-3, "{family:?}, image {index}: {difference}");
            assert_eq!(metrics::argmax(burn), onnx.class(), "{family:?}, image {index}");
        }
    }
}

#[test]
fn burn_onnx_exports_the_same_function() {
    let (data, config, checkpoint, model) = setup(Family::tensorflow());
    let pixels: Vec<u8> = (0..4)
        .flat_map(|index| data.train.pixels(index).unwrap().to_vec())
        .collect();
    let preprocessor =
        Preprocessor::new(data.input, &checkpoint.contract.preprocessing);
    let input = preprocessor.batch(&pixels);
    let classifier = Classifier::builder()
        .device(infer::Device::Cpu)
        .from_bytes(export::to_onnx(&checkpoint, &config).to_bytes())
        .unwrap();
    let ours: Vec<f32> = classifier
        .classify_batch(&pixels)
        .unwrap()
        .into_iter()
        .flat_map(|classification| classification.logits)
        .collect();

    // Exporting moves a module's shared running statistics to the capture
    // device, so the exporter gets a copy of its own.
    let copy = config
        .init(&Device::flex())
        .with_tensors(model.named_tensors())
        .unwrap()
        .valid();
    let sample = Tensor::<4>::zeros([4, 3, SIZE, SIZE], &Device::flex());
    let official = OnnxExporter::new()
        .opset(Opset::V18)
        .export(&copy, sample, EfficientNet::forward)
        .unwrap();
    let theirs = run(official.as_bytes(), &input, &classifier.runtime().path);
    let difference = largest_difference(&ours, &theirs);
    assert!(difference < 1e-3, "{difference}");

    let nodes = |bytes: &[u8]| {
        let model = onnx::ModelProto::from_bytes(bytes).unwrap();
        model.graph.map_or(0, |graph| graph.node.len())
    };
    let ours = export::to_onnx(&checkpoint, &config).to_bytes();
    assert!(nodes(&ours) < nodes(official.as_bytes()), "folding saves nodes");
}

/// Runs a model with one float input and one output.
fn run(model: &[u8], input: &[f32], runtime: &Path) -> Vec<f32> {
    let environment = ort::init_from(runtime).unwrap().build().unwrap();
    let mut session = Session::builder(&environment)
        .unwrap()
        .commit_from_memory(model)
        .unwrap();
    let tensor = TensorRef::from_array_view(([4, 3, SIZE, SIZE], input)).unwrap();
    let outputs = session.run(inputs![tensor]).unwrap();
    let (_, values) = outputs[0].try_extract_tensor::<f32>().unwrap();
    values.to_vec()
}
