//! A network with a contract, for the tests of its export.

use burn::{
    module::Module,
    tensor::{Device, Tensor},
};
use pretrained::Family;
use trainer::{
    checkpoint::Checkpoint,
    model::{EfficientNet, EfficientNetConfig},
    train::{self, Recipe, TrainingData},
};

/// Side of the images that the networks here see.
pub const SIZE: usize = 64;

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

pub fn setup(family: Family) -> (TrainingData, EfficientNetConfig, Checkpoint, EfficientNet) {
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

pub fn largest_difference(a: &[f32], b: &[f32]) -> f32 {
    assert_eq!(a.len(), b.len());
    a.iter()
        .zip(b)
        .map(|(a, b)| (a - b).abs())
        .fold(0.0, f32::max)
}
