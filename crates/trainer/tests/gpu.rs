//! A training step on a GPU's code path against the processor's: the same loss,
//! the same gradients, the same running statistics, the same weights after it.
//!
//! Any device of the build will do, one whose driver computes on the processor
//! too: `tools/software_vulkan.sh` gets such a driver, for the feature `wgpu`.
//! Where there is none the test says so.

#![cfg(feature = "gpu")]
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeMap;

use burn::{
    module::Module,
    nn::loss::CrossEntropyLossConfig,
    optim::{AdamWConfig, GradientsParams},
    tensor::{Device, FloatDType, Int, Tensor, TensorData},
};
use contract::{Preprocessing, Resize};
use pretrained::{Family, NamedTensors};
use trainer::device::DeviceKind;
use trainer::model::{EfficientNet, EfficientNetConfig};
use trainer::train::Pixels;

#[path = "common/gradients.rs"]
mod gradients;

use gradients::{by_path, length, relative};

const CLASSES: usize = 10;
const IMAGES: usize = 4;
/// Odd, so that every stride meets a border.
const SIZE: usize = 37;

/// A software device takes minutes over B0; every operator and every kind of
/// block is in a third of its width and half of its depth too.
fn config() -> EfficientNetConfig {
    EfficientNetConfig {
        width: 0.35,
        depth: 0.5,
        ..EfficientNetConfig::variant("efficientnet_b0", CLASSES, Family::tensorflow()).unwrap()
    }
    // Random numbers are a device's own.
    .with_dropout(0.0)
}

/// Pixels as they come from images, by a formula: the same on every machine.
fn pixels() -> Vec<f32> {
    let mut state = 1u32;
    let count = IMAGES * 3 * SIZE * SIZE;
    let noise = std::iter::repeat_with(move || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 8) as f32 / (1 << 24) as f32
    });
    noise.take(count).map(|value| value * 4.0 - 2.0).collect()
}

/// What a step gave, on the host.
struct Step {
    loss: f32,
    gradients: BTreeMap<String, Vec<f32>>,
    /// Weights and running statistics after the update.
    tensors: NamedTensors,
}

fn step(weights: &NamedTensors, device: &Device, convolutions: FloatDType) -> Step {
    let device = device.clone().autodiff();
    let network = config().init(&device).with_tensors(weights.clone());
    let network = network.unwrap().train();
    let shape = [IMAGES, 3, SIZE, SIZE];
    let images = Tensor::<4>::from_data(TensorData::new(pixels(), shape), &device);
    let labels = Tensor::<1, Int>::from_ints([3, 1, 4, 1], &device);
    let logits = network.forward_composed(images.cast(convolutions));
    let loss = CrossEntropyLossConfig::new()
        .init(&device)
        .forward(logits, labels);
    let gradients = loss.backward();
    let found = by_path(&network, &gradients);
    let gradients = GradientsParams::from_grads(gradients, &network);
    let mut optimizer = AdamWConfig::new().with_epsilon(1e-3).init();
    let network: EfficientNet = optimizer.step(1e-3, network, gradients);
    Step {
        loss: loss.into_scalar::<f32>(),
        gradients: found,
        tensors: network.named_tensors(),
    }
}

/// The best device of this build, a software one too.
fn first_device() -> Option<Device> {
    let kinds = DeviceKind::compiled().into_iter();
    let mut gpus = kinds.filter(|kind| *kind != DeviceKind::Cpu);
    gpus.find_map(|kind| kind.open(&[0]).ok()?.devices.pop())
}

/// Bytes are uploaded, by a detour where the device has none.
#[test]
fn levels_are_normalised_as_on_the_processor() {
    let Some(gpu) = first_device() else {
        eprintln!("skipped: no device of this build");
        return;
    };
    let preprocessing = Preprocessing {
        resize: Resize::OpencvCubic,
        height: 7,
        width: 5,
        scale: 1.0 / 255.0,
        mean: [0.4, 0.5, 0.6],
        std: [0.2, 0.25, 0.3],
    };
    let levels: Vec<u8> = (0..3 * 7 * 5 * 3).map(|i| (i * 37 % 256) as u8).collect();
    let normalised = |device: &Device| {
        let pixels = Pixels::Levels(levels.clone()).into_tensor(&preprocessing, device);
        pixels.into_data().iter::<f32>().collect::<Vec<_>>()
    };
    let (got, expected) = (normalised(&gpu), normalised(&Device::flex()));
    let apart = got.iter().zip(&expected).map(|(a, b)| (a - b).abs());
    assert!(apart.fold(0.0, f32::max) < 1e-5);
}

#[test]
fn a_training_step_is_the_processors() {
    let Some(gpu) = first_device() else {
        eprintln!("skipped: no device of this build; tools/software_vulkan.sh gets one for wgpu");
        return;
    };
    let identity = gpu.identity().map(|identity| identity.name);
    eprintln!("device: {}", identity.unwrap_or_default());

    let processor = Device::flex();
    processor.seed(5);
    let weights = config().init(&processor).named_tensors();
    let expected = step(&weights, &processor, FloatDType::F32);
    let got = step(&weights, &gpu, FloatDType::F32);

    let error = (got.loss - expected.loss).abs() / expected.loss;
    assert!(error < 1e-4, "loss {} for {}", got.loss, expected.loss);

    assert!(got.gradients.keys().eq(expected.gradients.keys()));
    // Some gradients are zero but for rounding: a shift that the next
    // normalisation takes out again. They are held against the largest.
    let lengths = expected.gradients.values().map(|values| length(values));
    let largest = lengths.fold(0.0, f64::max);
    let mut worst = 0.0f64;
    for (name, values) in &got.gradients {
        let error = relative(values, &expected.gradients[name], largest * 1e-2);
        worst = worst.max(error);
        assert!(error < 1e-3, "gradient of {name}: {error:e}");
    }
    eprintln!("largest relative difference of a gradient: {worst:.1e}");

    assert_ne!(expected.tensors, weights, "the step changed nothing");
    for (name, tensor) in &got.tensors {
        let error = relative(&tensor.values, &expected.tensors[name].values, 1e-2);
        assert!(error < 1e-3, "{name} after the step: {error:e}");
    }
}

/// What `precision = "bf16"` does, and in float16 too, which more devices have:
/// it is cast at the same places.
#[test]
fn convolutions_in_half_precision_are_near_those_in_float32() {
    let Some(gpu) = first_device() else {
        eprintln!("skipped: no device of this build");
        return;
    };
    let processor = Device::flex();
    processor.seed(5);
    let weights = config().init(&processor).named_tensors();
    let expected = step(&weights, &processor, FloatDType::F32);
    for (dtype, at_most) in [(FloatDType::BF16, 0.4), (FloatDType::F16, 0.1)] {
        if !gpu.supports_dtype(dtype) {
            eprintln!("skipped: the device does not compute in {dtype:?}");
            continue;
        }
        let got = step(&weights, &gpu, dtype);
        let error = (got.loss - expected.loss).abs() / expected.loss;
        assert!(
            error < 1e-2,
            "{dtype:?}: loss {} for {}",
            got.loss,
            expected.loss
        );
        let joined =
            |step: &Step| -> Vec<f32> { step.gradients.values().flatten().copied().collect() };
        let error = relative(&joined(&got), &joined(&expected), 0.0);
        eprintln!("{dtype:?}: gradients differ by {error:.1e}");
        assert!((1e-5..at_most).contains(&error), "{dtype:?}: {error:e}");
    }
}
