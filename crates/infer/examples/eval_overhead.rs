//! What `evaluate` costs over a loop that only calls the sessions.
//!
//! ```text
//! cargo run --release -p infer --example eval_overhead -- MODEL [DATASET] [ROUNDS] [IMAGES]
//! ```
//!
//! Prints images a second of `infer::evaluate` and of a bare loop (one session
//! a core, one thread each, same batch size, input prepared beforehand) in
//! turns, and the ratio. A process has one ONNX Runtime environment, so the
//! bare loop, which uses `ort` directly, runs in a child process.

use std::env;
use std::error::Error;
use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Instant;

use dataset::{OpenOptions, Source, Split};
use infer::{Classifier, Device, EvaluateOptions, ModelFile, evaluate};
use ort::ep::CPU;
use ort::session::Session;
use ort::session::builder::GraphOptimizationLevel;
use ort::value::TensorRef;

/// Batch size of both.
const BATCH: usize = 4;
/// First argument of the child process.
const BARE: &str = "--bare-loop";

type Result<T> = std::result::Result<T, Box<dyn Error + Send + Sync>>;

fn main() -> Result<()> {
    let args: Vec<String> = env::args().skip(1).collect();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    match args.as_slice() {
        [BARE, runtime, model, dataset, images] => {
            println!(
                "{}",
                bare_loop(
                    Path::new(runtime),
                    Path::new(model),
                    &test_split(dataset)?,
                    images.parse()?
                )?
            );
            Ok(())
        }
        [model, rest @ ..] => {
            let dataset = rest.first().copied().unwrap_or("digits");
            let rounds = rest.get(1).map_or(Ok(3), |text| text.parse())?;
            let images = rest.get(2).map_or(Ok(usize::MAX), |text| text.parse())?;
            compare(Path::new(model), dataset, rounds, images)
        }
        [] => Err("usage: eval_overhead MODEL [DATASET] [ROUNDS] [IMAGES]".into()),
    }
}

fn test_split(dataset: &str) -> Result<Split> {
    let options = OpenOptions {
        local: env::var_os("CIFAR100_PATH").map(Into::into),
        ..OpenOptions::default()
    };
    let dataset = dataset::open(&dataset.parse::<Source>()?, &options)?;
    dataset
        .test
        .ok_or_else(|| "the data set has no test split".into())
}

fn compare(model: &Path, dataset: &str, rounds: usize, images: usize) -> Result<()> {
    let split = test_split(dataset)?;
    let classifier = Classifier::builder().device(Device::Cpu).from_file(model)?;
    let images = images.min(split.len());
    let (mut ours, mut bare) = (0.0, 0.0);
    for round in 1..=rounds {
        let options = EvaluateOptions {
            batch_size: Some(BATCH),
            limit: Some(images),
        };
        let a = evaluate(&classifier, &split, &options, &|_| ())?.images_per_second();
        let child = Command::new(env::current_exe()?)
            .arg(BARE)
            .args([classifier.runtime().path.as_path(), model])
            .args([dataset, &images.to_string()])
            .output()?;
        let b: f64 = match String::from_utf8(child.stdout)?.trim().parse() {
            Ok(speed) => speed,
            Err(_) => return Err(String::from_utf8_lossy(&child.stderr).into()),
        };
        println!(
            "round {round}: evaluate {a:.1} img/s, bare loop {b:.1} img/s, ratio {:.3}",
            a / b
        );
        ours += a;
        bare += b;
    }
    println!("mean: ratio {:.3}", ours / bare);
    Ok(())
}

/// Images a second of sessions that do nothing but run prepared batches.
fn bare_loop(runtime: &Path, model: &Path, split: &Split, images: usize) -> Result<f64> {
    let file = ModelFile::read(model)?;
    let contract = file.contract();
    let size = [contract.input.height, contract.input.width];
    let batches: Vec<Vec<u8>> = (0..images)
        .map(|i| {
            let image = split.image(i * split.len() / images)?;
            Ok(contract::preprocess::fit(
                &image.pixels,
                [image.height, image.width],
                &contract.fit,
                size,
            ))
        })
        .collect::<Result<Vec<_>>>()?
        .chunks(BATCH)
        .map(<[_]>::concat)
        .collect();

    let environment = ort::init_from(runtime)?.with_telemetry(false).build()?;
    environment.set_log_level(ort::logging::LogLevel::Warning);
    let sessions = thread::available_parallelism()?.get();
    let mut sessions: Vec<Session> = (0..sessions)
        .map(|_| {
            Session::builder(&environment)?
                .with_optimization_level(GraphOptimizationLevel::All)?
                .with_intra_threads(1)?
                .with_execution_providers([CPU::default().with_arena_allocator(true).build()])?
                .commit_from_memory(file.bytes())
        })
        .collect::<ort::Result<_>>()?;

    let next = AtomicUsize::new(0);
    let start = Instant::now();
    thread::scope(|scope| {
        let workers: Vec<_> = sessions
            .iter_mut()
            .map(|session| {
                scope.spawn(|| -> ort::Result<()> {
                    while let Some(batch) = batches.get(next.fetch_add(1, Ordering::Relaxed)) {
                        let shape = [
                            batch.len() / contract.input_len(),
                            size[0],
                            size[1],
                            contract.input.channels,
                        ];
                        let tensor = TensorRef::from_array_view((shape, batch.as_slice()))?;
                        session.run(ort::inputs![contract.input.name.as_str() => tensor])?;
                    }
                    Ok(())
                })
            })
            .collect();
        workers
            .into_iter()
            .try_for_each(|worker| worker.join().expect("a worker does not panic"))
    })?;
    Ok(images as f64 / start.elapsed().as_secs_f64())
}
