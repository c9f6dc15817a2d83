//! The whole network through the `operators` crate against burn's own
//! operators: the same gradients, the same losses, the same statistics.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{
    collections::BTreeMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use burn::{
    module::Module,
    nn::loss::CrossEntropyLossConfig,
    optim::{AdamWConfig, GradientsParams},
    tensor::{Device, Distribution, FloatDType, Int, Tensor, TensorData},
};
use pretrained::Family;
use trainer::model::{EfficientNet, EfficientNetConfig};

#[path = "common/gradients.rs"]
mod shared;

use shared::{by_path, length, relative};

const CLASSES: usize = 10;

/// Held by a whole test: the device's random numbers are the process's.
static RANDOM_NUMBERS: Mutex<()> = Mutex::new(());

fn alone() -> MutexGuard<'static, ()> {
    RANDOM_NUMBERS
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
}

/// Who computes.
#[derive(Clone, Copy, PartialEq)]
enum By {
    Operators,
    Burn,
    /// With convolutions in double precision, cast to and from.
    BurnInDoublePrecision,
}

fn forward(model: &EfficientNet, images: Tensor<4>, by: By) -> Tensor<2> {
    match by {
        By::Operators => model.forward(images),
        By::Burn => model.forward_composed(images),
        By::BurnInDoublePrecision => model.forward(images.cast(FloatDType::F64)),
    }
}

fn network(family: Family, stochastic_depth: f64, device: &Device) -> EfficientNet {
    device.seed(7);
    EfficientNetConfig::variant("efficientnet_b0", CLASSES, family)
        .unwrap()
        .with_dropout(0.2)
        .with_stochastic_depth(stochastic_depth)
        .init(device)
}

fn batch(step: u64, images: usize, size: usize, device: &Device) -> (Tensor<4>, Tensor<1, Int>) {
    device.seed(1000 + step);
    let labels: Vec<i64> = (0..images as i64)
        .map(|i| (i * 7 + step as i64) % CLASSES as i64)
        .collect();
    // Classes differ in brightness, so that there is something to learn.
    let brightness: Vec<f32> = labels
        .iter()
        .map(|&label| label as f32 * 0.3 - 1.0)
        .collect();
    let brightness = Tensor::<1>::from_data(TensorData::new(brightness, [images]), device);
    let noise = Tensor::random(
        [images, 3, size, size],
        Distribution::Normal(0.0, 0.5),
        device,
    );
    let labels = Tensor::from_data(TensorData::new(labels, [images]), device);
    (noise + brightness.reshape([images, 1, 1, 1]), labels)
}

/// Losses of `steps` steps of AdamW, and the network after them.
fn train(
    family: Family,
    by: By,
    steps: u64,
    images: usize,
    size: usize,
) -> (Vec<f64>, EfficientNet) {
    let device = Device::flex().autodiff();
    let mut model = network(family, 0.2, &device).train();
    let loss = CrossEntropyLossConfig::new().init(&device);
    let mut optimizer = AdamWConfig::new().with_epsilon(1e-8).init();
    let mut losses = Vec::new();
    for step in 0..steps {
        let (images, labels) = batch(step, images, size, &device);
        // The same dropout and stochastic depth both ways.
        device.seed(step);
        let loss = loss.forward(forward(&model, images, by), labels);
        losses.push(loss.clone().into_scalar::<f64>());
        let gradients = GradientsParams::from_grads(loss.backward(), &model);
        model = optimizer.step(1e-4, model, gradients);
    }
    (losses, model)
}

fn gradients(family: Family, by: By, images: usize, size: usize) -> BTreeMap<String, Vec<f32>> {
    let device = Device::flex().autodiff();
    let model = network(family, 0.2, &device).train();
    let (images, labels) = batch(0, images, size, &device);
    device.seed(3);
    let logits = forward(&model, images, by);
    let loss = CrossEntropyLossConfig::new()
        .init(&device)
        .forward(logits, labels);
    let of = loss.backward();
    by_path(&model, &of)
}

/// Some gradients are zero but for rounding: a shift that the next normalisation
/// takes out again. They are held against the largest.
fn assert_near(got: &BTreeMap<String, Vec<f32>>, expected: &BTreeMap<String, Vec<f32>>) {
    assert_eq!(got.len(), 213);
    assert!(got.keys().eq(expected.keys()));
    let lengths = expected.values().map(|values| length(values));
    let largest = lengths.fold(0.0, f64::max);
    for (name, got) in got {
        let error = relative(got, &expected[name], largest * 1e-2);
        assert!(error < 1e-3, "{name}: {error:e}");
    }
}

#[test]
fn every_parameter_gets_the_same_gradient() {
    let _alone = alone();
    for (family, images, size) in [(Family::tensorflow(), 4, 50), (Family::torch(), 3, 37)] {
        let ours = gradients(family, By::Operators, images, size);
        let burns = gradients(family, By::Burn, images, size);
        assert_near(&ours, &burns);
    }
}

/// What the casts round convolutions do, in a format that loses nothing by them.
#[test]
fn casts_lose_no_gradient() {
    let _alone = alone();
    let family = Family::tensorflow();
    let cast = gradients(family, By::BurnInDoublePrecision, 4, 50);
    let plain = gradients(family, By::Burn, 4, 50);
    assert_ne!(cast, plain);
    assert_near(&cast, &plain);
}

#[test]
fn fifty_steps_have_the_same_losses() {
    let _alone = alone();
    let family = Family::tensorflow();
    let (ours, _) = train(family, By::Operators, 50, 16, 32);
    let (burns, _) = train(family, By::Burn, 50, 16, 32);
    for (step, (ours, burns)) in ours.iter().zip(&burns).enumerate() {
        let error = (ours - burns).abs() / burns;
        println!("step {step}: {ours} for {burns}, {error:.1e}");
        assert!(error < 1e-3, "step {step}: {ours} for {burns}");
    }
    assert!(ours[49] < ours[0], "nothing was learnt: {ours:?}");
}

#[test]
fn running_statistics_move_alike() {
    let _alone = alone();
    let family = Family::tensorflow();
    let (_, ours) = train(family, By::Operators, 1, 8, 32);
    let (_, burns) = train(family, By::Burn, 1, 8, 32);
    let burns = burns.named_tensors();
    for (name, tensor) in ours.named_tensors() {
        if name.contains("running") {
            let error = relative(&tensor.values, &burns[&name].values, 1e-2);
            assert!(error < 1e-3, "{name}: {error:e}");
        }
    }
}

#[test]
fn inference_gives_the_same_logits() {
    let _alone = alone();
    for family in [Family::tensorflow(), Family::torch()] {
        let (_, model) = train(family, By::Operators, 3, 4, 32);
        let model = model.valid();
        let (images, _) = batch(9, 3, 45, &Device::flex());
        let ours = forward(&model, images.clone(), By::Operators);
        let burns = forward(&model, images, By::Burn);
        let values = |logits: Tensor<2>| logits.into_data().iter::<f32>().collect::<Vec<_>>();
        let error = relative(&values(ours), &values(burns), 0.0);
        assert!(error < 1e-4, "{error:e}");
    }
}
