//! A short run over digits, for the tests of several devices.

use std::{
    path::Path,
    sync::{
        Mutex,
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
    TrainError,
    model::{EfficientNet, EfficientNetConfig},
    train::{
        self, Feedback, History, Job, OptimizerKind, Recipe, RunFolder, Start, StepRecord,
        TrainingData, TrainingState,
    },
};

const SIZE: usize = 32;

/// Steps of a run: two epochs of ten.
pub const STEPS: usize = 20;

/// The processor draws all random numbers of a process from one generator, and
/// the networks of all tests are made of them: one test at a time.
pub static GENERATOR: Mutex<()> = Mutex::new(());

/// A recipe whose steps are the same however their batch is cut: no random
/// numbers on the device. Batch norms over shares are not batch norms over the
/// batch; frozen ones are the same.
pub fn recipe(freeze_batch_norm: bool) -> Recipe {
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

/// Losses after every step, and a stop once `after` says so.
struct Recorder<'a, F> {
    losses: Vec<f64>,
    stop: &'a AtomicBool,
    after: F,
}

impl<F: FnMut(usize) -> bool + Send> Feedback for Recorder<'_, F> {
    fn step(&mut self, step: &StepRecord) {
        self.losses.push(step.loss);
        if (self.after)(self.losses.len()) {
            self.stop.store(true, Ordering::Relaxed);
        }
    }
}

/// A fresh network whose running statistics are those of training images, so
/// that its signals neither vanish nor explode where they are used in training.
fn network(config: &EfficientNetConfig, data: &TrainingData, device: &Device) -> EfficientNet {
    let processor = Device::flex().autodiff();
    processor.seed(3);
    let network = config.init(&processor).with_batch_norms(1.0, false);
    let pictures: Vec<u8> = (0..64)
        .flat_map(|index| data.picture(&data.train, index).unwrap())
        .collect();
    let pixels = data.preprocessor().batch(&pictures);
    let images = TensorData::new(pixels, [64, 3, SIZE, SIZE]);
    network.forward(Tensor::from_data(images, &processor));
    let elsewhere = config.init(&device.clone().autodiff());
    let tensors = network.valid().named_tensors();
    elsewhere.with_tensors(tensors).unwrap().train()
}

pub struct Ran {
    /// Loss of every step.
    pub losses: Vec<f64>,
    pub history: History,
}

/// Trains on `devices`, from the state in `run` if it has one. After each step
/// that was read `after` hears how many those are, and may end the run.
pub fn run(
    recipe: &Recipe,
    devices: &[Device],
    run: &Path,
    after: impl FnMut(usize) -> bool + Send,
) -> Result<Ran, TrainError> {
    let digits = dataset::open(&dataset::Source::Digits, &dataset::OpenOptions::default()).unwrap();
    let data = TrainingData::new(&digits, recipe, [0.4; 3], [0.25; 3]).unwrap();
    let config = EfficientNetConfig::variant("efficientnet_b0", 10, Family::tensorflow()).unwrap();
    let config = config.with_dropout(recipe.dropout);
    let fresh = network(&config, &data, &devices[0]);
    let contract = train::contract(recipe, &data, fresh.trainable_parameters(), None);
    let (folder, start) = match run.exists() {
        false => (
            RunFolder::create(run).unwrap(),
            Start::Fresh(Box::new(fresh)),
        ),
        true => {
            let folder = RunFolder::open(run).unwrap();
            let state = TrainingState::load(&folder.state()).unwrap();
            (folder, Start::Resumed(Box::new(state)))
        }
    };
    let stop = AtomicBool::new(false);
    let mut recorder = Recorder {
        losses: Vec::new(),
        stop: &stop,
        after,
    };
    let job = Job {
        recipe,
        data: &data,
        config: &config,
        contract: &contract,
        run: &folder,
        devices,
        runtime: None,
        features: run,
        state_interval: Duration::MAX,
    };
    let outcome = train::fit(&job, start, &mut recorder, &stop)?;
    Ok(Ran {
        losses: recorder.losses,
        history: outcome.history,
    })
}

/// Asserts that a run on several devices had the losses of one device with the
/// joint batch, within float noise, which training makes grow.
pub fn assert_same_losses(name: &str, several: &Ran, one: &Ran) {
    assert_eq!(several.losses.len(), STEPS);
    for (step, (several, one)) in several.losses.iter().zip(&one.losses).enumerate() {
        let error = (several - one).abs() / one;
        println!("{name}, step {step}: {several} for {one}, {error:.1e}");
        let tolerance = if step < 5 { 1e-5 } else { 1e-2 };
        assert!(error < tolerance, "step {step}: {several} for {one}");
    }
    let (several, one) = (&several.history.epochs[1], &one.history.epochs[1]);
    assert!((several.val_loss - one.val_loss).abs() < 1e-2 * one.val_loss);
}
