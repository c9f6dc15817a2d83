//! A run on two devices: the losses of one device with the joint batch, and a
//! run that was stopped goes on as if nothing had happened.
//!
//! The devices are the processor twice, each with a thread, a share of the
//! batch and gradients of its own.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{
    path::Path,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use burn::{
    module::Module,
    tensor::{Device, Tensor, TensorData},
};
use pretrained::Family;
use trainer::{
    model::{EfficientNet, EfficientNetConfig},
    train::{
        self, Feedback, History, Job, OptimizerKind, Recipe, RunFolder, Start, StepRecord,
        TrainingData, TrainingState,
    },
};

const SIZE: usize = 32;

/// The processor draws all random numbers of a process from one generator, and
/// the networks of both tests are made of them: one test at a time.
static GENERATOR: Mutex<()> = Mutex::new(());

/// A recipe whose steps are the same however their batch is cut: no random
/// numbers on the device, which all devices of a process draw from one generator.
fn recipe(freeze_batch_norm: bool) -> Recipe {
    Recipe {
        image_size: SIZE,
        epochs: 2,
        train_limit: 110,
        val_limit: 20,
        // Not a multiple of two or three.
        batch_size: 11,
        optimizer: OptimizerKind::Sgd,
        learning_rate: 0.003,
        clip_norm: 1.0,
        dropout: 0.0,
        stochastic_depth: 0.0,
        freeze_batch_norm,
        ..Recipe::default()
    }
}

/// Losses after every step, and a stop after `stop_at` of them.
struct Recorder<'a> {
    losses: Vec<f64>,
    stop: &'a AtomicBool,
    stop_at: usize,
}

impl Feedback for Recorder<'_> {
    fn step(&mut self, step: &StepRecord) {
        self.losses.push(step.loss);
        if self.losses.len() == self.stop_at {
            self.stop.store(true, Ordering::Relaxed);
        }
    }
}

/// A fresh network whose running statistics are those of training images, so
/// that its signals neither vanish nor explode where they are used in training.
fn network(config: &EfficientNetConfig, data: &TrainingData) -> EfficientNet {
    let device = Device::flex().autodiff();
    device.seed(3);
    let network = config.init(&device).with_batch_norms(1.0, false);
    let pictures: Vec<u8> = (0..64)
        .flat_map(|index| data.picture(&data.train, index).unwrap())
        .collect();
    let pixels = data.preprocessor().batch(&pictures);
    let images = TensorData::new(pixels, [64, 3, SIZE, SIZE]);
    network.forward(Tensor::from_data(images, &device));
    network.valid().train()
}

struct Ran {
    /// Loss of every step.
    losses: Vec<f64>,
    history: History,
}

/// Trains on the processor `devices` times; from the state in `run` if it has one.
fn run(recipe: &Recipe, devices: usize, run: &Path, stop_at: usize) -> Ran {
    let digits = dataset::open(&dataset::Source::Digits, &dataset::OpenOptions::default()).unwrap();
    let data = TrainingData::new(&digits, recipe, [0.4; 3], [0.25; 3]).unwrap();
    let config = EfficientNetConfig::variant("efficientnet_b0", 10, Family::tensorflow()).unwrap();
    let config = config.with_dropout(recipe.dropout);
    let (folder, start) = match run.exists() {
        false => {
            let start = Start::Fresh(Box::new(network(&config, &data)));
            (RunFolder::create(run).unwrap(), start)
        }
        true => {
            let folder = RunFolder::open(run).unwrap();
            let state = TrainingState::load(&folder.state()).unwrap();
            (folder, Start::Resumed(Box::new(state)))
        }
    };
    let parameters = network(&config, &data).trainable_parameters();
    let contract = train::contract(recipe, &data, parameters, None);
    let stop = AtomicBool::new(false);
    let mut recorder = Recorder {
        losses: Vec::new(),
        stop: &stop,
        stop_at,
    };
    let job = Job {
        recipe,
        data: &data,
        config: &config,
        contract: &contract,
        run: &folder,
        devices: &vec![Device::flex(); devices],
        runtime: None,
        features: run,
        state_interval: Duration::MAX,
    };
    let outcome = train::fit(&job, start, &mut recorder, &stop).unwrap();
    Ran {
        losses: recorder.losses,
        history: outcome.history,
    }
}

#[test]
fn the_losses_are_those_of_one_device_with_the_joint_batch() {
    let _alone = GENERATOR.lock().unwrap_or_else(PoisonError::into_inner);
    // Batch norms over shares are not batch norms over the batch; frozen ones are the same.
    let recipe = recipe(true);
    let folder = tempfile::tempdir().unwrap();
    let one = run(&recipe, 1, &folder.path().join("one"), usize::MAX);
    for devices in [2, 3] {
        let path = folder.path().join(devices.to_string());
        let several = run(&recipe, devices, &path, usize::MAX);
        assert_eq!(several.losses.len(), 20);
        for (step, (several, one)) in several.losses.iter().zip(&one.losses).enumerate() {
            let error = (several - one).abs() / one;
            println!("{devices} devices, step {step}: {several} for {one}, {error:.1e}");
            // Float noise, which training makes grow.
            let tolerance = if step < 5 { 1e-5 } else { 1e-2 };
            assert!(error < tolerance, "step {step}: {several} for {one}");
        }
        let (several, one) = (&several.history.epochs[1], &one.history.epochs[1]);
        assert!((several.val_loss - one.val_loss).abs() < 1e-2 * one.val_loss);
    }
    let mean = |losses: &[f64]| losses.iter().sum::<f64>() / losses.len() as f64;
    let (first, second) = (mean(&one.losses[..10]), mean(&one.losses[10..]));
    assert!(
        second < 0.985 * first,
        "nothing was learnt: {first}, then {second}"
    );
}

#[test]
fn a_stopped_run_goes_on_as_if_nothing_had_happened() {
    let _alone = GENERATOR.lock().unwrap_or_else(PoisonError::into_inner);
    let recipe = recipe(false);
    let folder = tempfile::tempdir().unwrap();
    let unbroken = run(&recipe, 2, &folder.path().join("unbroken"), usize::MAX);
    let path = folder.path().join("stopped");
    let before = run(&recipe, 2, &path, 13);
    assert_eq!(before.losses, unbroken.losses[..13]);
    let after = run(&recipe, 2, &path, usize::MAX);
    assert_eq!(after.losses, unbroken.losses[13..]);
    assert_eq!(after.history, unbroken.history);
}
