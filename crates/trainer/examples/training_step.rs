//! Times training steps of EfficientNet-B0 on one fixed random batch and
//! prints one line of JSON; `tools/bench_training` sets it beside PyTorch.

use std::time::Instant;

use anyhow::{Context, Result};
use burn::{
    module::Module,
    nn::loss::CrossEntropyLossConfig,
    optim::GradientsParams,
    tensor::{Distribution, Int, Tensor, TensorData},
};
use clap::{Parser, ValueEnum};
use pretrained::Family;
use trainer::{
    device::DeviceKind,
    model::EfficientNetConfig,
    train::{Amount, BuiltIn, PrecisionKind, optimizer},
};

#[derive(Clone, Copy, PartialEq, ValueEnum)]
enum Operators {
    /// Those of the `operators` crate.
    Native,
    /// burn's own.
    Burn,
}

#[derive(Parser)]
struct Arguments {
    /// Side of the images.
    #[arg(long, default_value_t = 96)]
    size: usize,
    /// Images in a batch.
    #[arg(long, default_value_t = 32)]
    batch: usize,
    /// Steps before the clock starts.
    #[arg(long, default_value_t = 2)]
    warmup: usize,
    /// Timed steps.
    #[arg(long, default_value_t = 5)]
    steps: usize,
    /// Who computes.
    #[arg(long, value_enum, default_value_t = Operators::Native)]
    operators: Operators,
    /// What convolutions compute in: fp32 or bf16.
    #[arg(long, default_value_t = PrecisionKind::Fp32)]
    precision: PrecisionKind,
    /// Threads; 0 for one a core.
    #[arg(long, default_value_t = 0)]
    threads: usize,
    /// As in `trainer fit`.
    #[arg(long, default_value_t = DeviceKind::Cpu)]
    device: DeviceKind,
}

fn main() -> Result<()> {
    let arguments = Arguments::parse();
    rayon::ThreadPoolBuilder::new()
        .num_threads(arguments.threads)
        .build_global()?;
    let mut opened = arguments.device.open(&[0])?.devices;
    let device = opened.pop().context("no device")?.autodiff();
    device.seed(1);
    let recipe = BuiltIn::Cpu.recipe(Amount::EXAMPLE)?;
    let mut model = EfficientNetConfig::variant("efficientnet_b0", 100, Family::tensorflow())
        .context("efficientnet_b0")?
        .with_dropout(recipe.dropout)
        .with_stochastic_depth(recipe.stochastic_depth)
        .init(&device)
        .train();
    let batch = arguments.batch;
    let shape = [batch, 3, arguments.size, arguments.size];
    let images = Tensor::<4>::random(shape, Distribution::Normal(0.0, 1.0), &device)
        .cast(arguments.precision.dtype());
    let labels: Vec<i64> = (0..batch as i64).map(|i| i % 100).collect();
    let labels = Tensor::<1, Int>::from_data(TensorData::new(labels, [batch]), &device);
    let loss = CrossEntropyLossConfig::new()
        .with_smoothing(Some(recipe.label_smoothing as f32))
        .init(&device);
    let mut optimizer = optimizer(&recipe);
    let (mut seconds, mut losses) = (Vec::new(), Vec::new());
    for step in 0..arguments.warmup + arguments.steps {
        let started = Instant::now();
        let logits = match arguments.operators {
            Operators::Native => model.forward(images.clone()),
            Operators::Burn => model.forward_composed(images.clone()),
        };
        let loss = loss.forward(logits, labels.clone());
        losses.push(loss.clone().into_scalar::<f64>());
        let gradients = GradientsParams::from_grads(loss.backward(), &model);
        model = optimizer.step(1e-3, model, gradients);
        if step >= arguments.warmup {
            seconds.push(started.elapsed().as_secs_f64());
        }
    }
    let result = serde_json::json!({
        "steps": seconds,
        "losses": losses,
        "peak_rss_mb": peak_resident_mebibytes(),
    });
    println!("{result}");
    Ok(())
}

/// The process's high-water mark, where the system tells it.
fn peak_resident_mebibytes() -> Option<f64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    let kibibytes: f64 = line.split_whitespace().nth(1)?.parse().ok()?;
    Some(kibibytes / 1024.0)
}
