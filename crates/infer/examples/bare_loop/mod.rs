//! The least that a run of the model costs: sessions, and nothing around them.

use std::env;
use std::error::Error;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Instant;

use dataset::{OpenOptions, Source, Split};
use infer::ModelFile;
use ort::ep::CPU;
use ort::session::Session;
use ort::session::builder::GraphOptimizationLevel;
use ort::value::TensorRef;

type Result<T> = std::result::Result<T, Box<dyn Error + Send + Sync>>;

/// The test split of a data set; CIFAR-100 may lie at `CIFAR100_PATH`.
pub fn test_split(dataset: &str) -> Result<Split> {
    let options = OpenOptions {
        local: env::var_os("CIFAR100_PATH").map(Into::into),
        ..OpenOptions::default()
    };
    let dataset = dataset::open(&dataset.parse::<Source>()?, &options)?;
    dataset
        .test
        .ok_or_else(|| "the data set has no test split".into())
}

/// Images a second of `sessions` sessions of one thread each that do nothing but
/// run prepared batches of `batch` images. Each has run one before the clock
/// starts, as a service's have.
pub fn bare_loop(
    runtime: &Path,
    model: &Path,
    split: &Split,
    images: usize,
    sessions: usize,
    batch: usize,
) -> Result<f64> {
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
                contract.preprocessing.resize,
                size,
            ))
        })
        .collect::<Result<Vec<_>>>()?
        .chunks(batch)
        .map(<[_]>::concat)
        .collect();

    let environment = ort::init_from(runtime)?.with_telemetry(false).build()?;
    environment.set_log_level(ort::logging::LogLevel::Warning);
    let mut sessions: Vec<Session> = (0..sessions)
        .map(|_| {
            Session::builder(&environment)?
                .with_optimization_level(GraphOptimizationLevel::All)?
                .with_intra_threads(1)?
                .with_execution_providers([CPU::default().with_arena_allocator(true).build()])?
                .commit_from_memory(file.bytes())
        })
        .collect::<ort::Result<_>>()?;

    let run = |session: &mut Session, batch: &[u8]| -> ort::Result<()> {
        let shape = [
            batch.len() / contract.input_len(),
            size[0],
            size[1],
            contract.input.channels,
        ];
        let tensor = TensorRef::from_array_view((shape, batch))?;
        session.run(ort::inputs![contract.input.name.as_str() => tensor])?;
        Ok(())
    };
    if let Some(batch) = batches.first() {
        sessions
            .iter_mut()
            .try_for_each(|session| run(session, batch))?;
    }
    let next = AtomicUsize::new(0);
    let start = Instant::now();
    thread::scope(|scope| {
        let workers: Vec<_> = sessions
            .iter_mut()
            .map(|session| {
                scope.spawn(|| -> ort::Result<()> {
                    while let Some(batch) = batches.get(next.fetch_add(1, Ordering::Relaxed)) {
                        run(session, batch)?;
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
