//! Several devices against one.

use augment::batch::SoftTarget;
use burn::{
    module::{Module, ModuleVisitor, Param},
    optim::GradientsParams,
    tensor::{Device, Tensor, TensorData},
};
use contract::{Preprocessing, Resize};
use pretrained::Family;

use super::{
    engine::{Devices, Learnt},
    learn::Answer,
    share::{Share, Task},
};
use crate::{
    model::{EfficientNet, EfficientNetConfig},
    train::{Batch, Pixels, PrecisionKind, loss::Criterion},
};

const SIZE: usize = 32;

fn config() -> EfficientNetConfig {
    let config = EfficientNetConfig {
        width: 0.35,
        depth: 0.5,
        ..EfficientNetConfig::variant("efficientnet_b0", 10, Family::torch()).unwrap()
    };
    config.with_dropout(0.0)
}

/// Uniform in -1..1, the same on every run. burn's generator belongs to the whole process:
/// what a test draws from it depends on the tests that run beside it.
fn noise(seed: u64, count: usize) -> impl Iterator<Item = f32> {
    let mut state = seed;
    std::iter::repeat_with(move || {
        // splitmix64.
        state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let z = (state ^ (state >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((z ^ (z >> 31)) >> 40) as f32 / (1u64 << 23) as f32 - 1.0
    })
    .take(count)
}

/// A network that draws no random numbers, with running statistics of noise.
fn network(freeze_batch_norm: bool) -> EfficientNet {
    let device = Device::flex().autodiff();
    let network = config().init(&device);
    let mut tensors = network.named_tensors();
    for (seed, tensor) in (1..).zip(tensors.values_mut()) {
        // Kernels and the classifier; scales, shifts and statistics are constant.
        if tensor.shape.len() > 1 {
            let inputs: usize = tensor.shape[1..].iter().product();
            let bound = (3.0 / inputs as f32).sqrt();
            tensor.values = noise(seed, tensor.values.len())
                .map(|value| bound * value)
                .collect();
        }
    }
    let network = network.with_tensors(tensors).unwrap().train();
    let network = network.with_batch_norms(1.0, false);
    let images = 64;
    network.forward(Tensor::from_data(
        TensorData::new(pixels(images), [images, 3, SIZE, SIZE]),
        &device,
    ));
    let network = network.valid().train();
    network.with_batch_norms(1.0, freeze_batch_norm)
}

/// Another network with the same tensors: a clone shares its running statistics.
fn copy(network: &EfficientNet) -> EfficientNet {
    let copy = config().init(&Device::flex().autodiff());
    let copy = copy.with_tensors(network.named_tensors()).unwrap();
    copy.train().with_batch_norms(1.0, false)
}

fn task(smoothing: f64, group: usize) -> Task {
    Task {
        preprocessing: Preprocessing {
            resize: Resize::OpencvCubic,
            height: SIZE,
            width: SIZE,
            scale: 1.0,
            mean: [0.0; 3],
            std: [1.0; 3],
        },
        precision: PrecisionKind::Fp32,
        criterion: Criterion {
            smoothing,
            class_weights: None,
        },
        group,
    }
}

fn pixels(images: usize) -> Vec<f32> {
    let deviation_one = 3f32.sqrt();
    noise(0, images * 3 * SIZE * SIZE)
        .map(|value| deviation_one * value)
        .collect()
}

fn batch(images: usize) -> Batch {
    let labels: Vec<usize> = (0..images).map(|image| image * 7 % 10).collect();
    Batch {
        pixels: Pixels::Normalised(pixels(images)),
        targets: labels
            .iter()
            .map(|&label| SoftTarget {
                label,
                mixed_label: (label + 1) % 10,
                lambda: 0.75,
            })
            .collect(),
        labels,
    }
}

fn learn(network: &EfficientNet, batch: Batch, devices: usize) -> Learnt {
    learn_in(PrecisionKind::Fp32, network, batch, devices)
}

fn learn_in(
    precision: PrecisionKind,
    network: &EfficientNet,
    batch: Batch,
    devices: usize,
) -> Learnt {
    let task = Task {
        precision,
        ..task(0.1, 2)
    };
    learn_as(task, network, batch, devices)
}

fn learn_as(task: Task, network: &EfficientNet, batch: Batch, devices: usize) -> Learnt {
    let devices = Devices::new(&vec![Device::flex(); devices], task.precision).unwrap();
    devices.learn(network, batch, task).unwrap()
}

/// Mean loss over the batch, and how many images are right.
fn figures(learnt: &Learnt) -> (f64, usize) {
    let weight: f64 = learnt.answers.iter().map(|answer| answer.weight).sum();
    let part = |answer: &Answer| answer.weight / weight;
    let answers = learnt.answers.iter();
    let loss = answers.map(|answer| answer.loss() * part(answer)).sum();
    (loss, learnt.answers.iter().map(Answer::correct).sum())
}

struct Values<'a> {
    of: &'a GradientsParams,
    values: Vec<f32>,
}

impl ModuleVisitor for Values<'_> {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        if let Some(gradient) = self.of.get::<D>(param.id) {
            self.values.extend(gradient.into_data().iter::<f32>());
        }
    }
}

/// Every gradient, one after another.
fn gradients(learnt: &Learnt, network: &EfficientNet) -> Vec<f32> {
    let mut values = Values {
        of: &learnt.gradients,
        values: Vec::new(),
    };
    network.visit(&mut values);
    assert_eq!(values.values.len(), network.trainable_parameters());
    values.values
}

fn relative(a: &[f32], b: &[f32]) -> f64 {
    let length = |values: &mut dyn Iterator<Item = f32>| {
        values
            .map(|value| f64::from(value).powi(2))
            .sum::<f64>()
            .sqrt()
    };
    length(&mut a.iter().zip(b).map(|(a, b)| a - b)) / length(&mut b.iter().copied())
}

#[test]
fn several_devices_give_the_loss_and_gradients_of_one() {
    let network = network(true);
    let weighted = Criterion {
        smoothing: 0.1,
        class_weights: Some((1..=10).map(|class| class as f32 / 5.0).collect()),
    };
    let weighted = || Task {
        criterion: weighted.clone(),
        ..task(0.1, 2)
    };
    // Shares of different sizes, and a device without one.
    for (images, devices, task) in [
        (5, 2, task(0.1, 2)),
        (5, 2, weighted()),
        (5, 3, weighted()),
        (2, 3, task(0.1, 2)),
    ] {
        let batch = batch(images);
        let one = learn_as(task.clone(), &network, batch.clone(), 1);
        let several = learn_as(task, &network, batch, devices);
        let ((several_loss, several_correct), (loss, correct)) = (figures(&several), figures(&one));
        assert!((several_loss - loss).abs() < 1e-5 * loss);
        assert_eq!(several_correct, correct);
        let error = relative(&gradients(&several, &network), &gradients(&one, &network));
        assert!(error < 1e-4, "{images} on {devices}: {error:e}");
    }
}

#[test]
fn running_statistics_are_the_mean_over_the_shares() {
    let statistics = |network: &EfficientNet| -> Vec<f32> {
        let tensors = network.named_tensors().into_iter();
        let running = tensors.filter(|(name, _)| name.contains("running"));
        running.flat_map(|(_, tensor)| tensor.values).collect()
    };
    let (network, batch) = (network(false), batch(8));
    let task = task(0.1, 2);
    let devices = vec![Device::flex().autodiff(); 2];
    let mut of_shares = Share::cut(batch.clone(), &devices, task)
        .into_iter()
        .map(|share| {
            let network = copy(&network);
            learn(&network, share.batch, 1);
            statistics(&network)
        });
    let (first, second) = (of_shares.next().unwrap(), of_shares.next().unwrap());
    let mean: Vec<f32> = first
        .iter()
        .zip(&second)
        .map(|(a, b)| (a + b) / 2.0)
        .collect();
    assert!(relative(&first, &mean) > 1e-2, "the shares are alike");

    learn(&network, batch, 2);
    let error = relative(&statistics(&network), &mean);
    assert!(error < 1e-5, "{error:e}");
}

/// Loosely: random weights make logits that are large and sensitive. That casts lose
/// no gradient is shown in double precision, in `tests/operators.rs`.
#[test]
fn bfloat16_is_computed_in_and_near_float32() {
    let network = network(true);
    let batch = batch(8);
    let exact = learn(&network, batch.clone(), 1);
    let got = learn_in(PrecisionKind::Bf16, &network, batch, 2);
    let ((loss, _), (exact_loss, _)) = (figures(&got), figures(&exact));
    let error = (loss - exact_loss).abs() / exact_loss;
    assert!((1e-5..0.05).contains(&error), "{loss} for {exact_loss}");
    let error = relative(&gradients(&got, &network), &gradients(&exact, &network));
    // 0.07 to 0.13 over ten draws of weights and pixels.
    assert!((1e-3..0.25).contains(&error), "{error:e}");
}

#[test]
fn what_goes_wrong_on_the_devices_is_one_line() {
    let network = network(true);
    let mut batch = batch(4);
    // No class 99.
    batch.targets[0].label = 99;
    batch.targets[3].label = 99;
    let task = task(0.0, 1);
    let devices = Devices::new(&vec![Device::flex(); 2], task.precision).unwrap();
    let Err(error) = devices.learn(&network, batch, task) else {
        panic!("a class that is not there was learnt");
    };
    let text = error.to_string();
    assert!(
        text.contains("device 0") && text.contains("device 1"),
        "{text}"
    );
    assert!(!text.contains('\n'), "{text}");
}
