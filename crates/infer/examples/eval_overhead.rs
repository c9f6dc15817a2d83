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

mod bare_loop;

use std::env;
use std::error::Error;
use std::path::Path;
use std::process::Command;
use std::thread;

use infer::{Classifier, Device, EvaluateOptions, evaluate};

use bare_loop::bare_loop;

/// First argument of the child process.
const BARE: &str = "--bare-loop";

type Result<T> = std::result::Result<T, Box<dyn Error + Send + Sync>>;

fn main() -> Result<()> {
    let args: Vec<String> = env::args().skip(1).collect();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    match args.as_slice() {
        [BARE, runtime, model, dataset, images, batch] => {
            println!(
                "{}",
                bare_loop(
                    Path::new(runtime),
                    Path::new(model),
                    &bare_loop::test_split(dataset)?,
                    images.parse()?,
                    thread::available_parallelism()?.get(),
                    batch.parse()?
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

fn compare(model: &Path, dataset: &str, rounds: usize, images: usize) -> Result<()> {
    let split = bare_loop::test_split(dataset)?;
    let classifier = Classifier::builder().device(Device::Cpu).from_file(model)?;
    let images = images.min(split.len());
    let batch = classifier.default_batch_size();
    let (mut ours, mut bare) = (0.0, 0.0);
    for round in 1..=rounds {
        let options = EvaluateOptions {
            batch_size: Some(batch),
            limit: Some(images),
            ..EvaluateOptions::default()
        };
        let a = evaluate(&classifier, &split, &options, &|_| ())?.images_per_second();
        let child = Command::new(env::current_exe()?)
            .arg(BARE)
            .args([classifier.runtime().path.as_path(), model])
            .args([dataset, &images.to_string(), &batch.to_string()])
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
