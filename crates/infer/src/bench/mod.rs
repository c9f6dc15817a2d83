//! How fast a model runs on this machine, on made-up images.

mod latency;
mod machine;
mod memory;
mod throughput;

use std::num::NonZero;
use std::path::PathBuf;
use std::thread;
use std::time::{Duration, Instant};

use serde::Serialize;

use crate::{Classifier, Device, GpuOptions, InferError, ModelFile, Provider, load_runtime};
pub use latency::Latency;
use machine::CpuTimes;
pub use machine::Noise;
pub(crate) use machine::processor;
pub use throughput::Throughput;

/// What to measure; every list that is left empty gets values that suit the
/// machine.
#[derive(Debug, Clone)]
pub struct BenchOptions {
    /// What to run on.
    pub device: Device,
    /// How a GPU is used.
    pub gpu: GpuOptions,
    /// The ONNX Runtime library, as in
    /// [`ClassifierBuilder::runtime`](crate::ClassifierBuilder::runtime).
    pub runtime: Option<PathBuf>,
    /// Images a run.
    pub batch_sizes: Vec<usize>,
    /// Sessions that run at the same time.
    pub sessions: Vec<usize>,
    /// Threads inside each session.
    pub threads: Vec<usize>,
    /// Time for each point of the grid, and for each latency.
    pub time: Duration,
    /// Rounds that this time is divided into; their spread tells of noise.
    pub rounds: NonZero<usize>,
}

impl Default for BenchOptions {
    fn default() -> Self {
        Self {
            device: Device::Auto,
            gpu: GpuOptions::default(),
            runtime: None,
            batch_sizes: Vec::new(),
            sessions: Vec::new(),
            threads: Vec::new(),
            time: Duration::from_secs(2),
            rounds: NonZero::new(5).unwrap_or(NonZero::<usize>::MIN),
        }
    }
}

/// What [`bench()`] returns.
#[derive(Debug, Clone, Serialize)]
pub struct BenchReport {
    /// ONNX Runtime's name of the execution provider that ran.
    pub provider: String,
    /// Version of ONNX Runtime.
    pub runtime_version: String,
    /// Logical cores.
    pub cores: usize,
    /// The processor's name, where the system tells it.
    pub processor: Option<String>,
    /// Time to load things, once.
    pub load: LoadTimes,
    /// Single images, one after the other, on one session; one entry a number
    /// of threads.
    pub latency: Vec<Latency>,
    /// Images a second over batch sizes, sessions and threads.
    pub throughput: Vec<Throughput>,
    /// Largest resident memory of the process in bytes, where the system
    /// tells it.
    pub peak_memory: Option<u64>,
    /// What disturbed the measurement.
    pub noise: Noise,
}

/// Seconds that loading takes.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct LoadTimes {
    /// Loading ONNX Runtime, where this process had not done so before.
    pub runtime: f64,
    /// Opening one session: parsing and optimising the graph. The best of
    /// three.
    pub session: f64,
    /// The first run of a session, which allocates memory.
    pub first_run: f64,
}

/// Measures load time, latency, throughput and memory of a model, on images of
/// a fixed pattern: what is in an image does not matter to the time that a
/// network takes. `on_step` is told the number of steps done and of all steps.
///
/// # Errors
/// Those of [`ClassifierBuilder::from_model`](crate::ClassifierBuilder::from_model)
/// and what ONNX Runtime answers.
///
/// ```
/// use std::path::Path;
/// use std::time::Duration;
/// use infer::{BenchOptions, Device, ModelFile, bench};
///
/// # fn main() -> Result<(), infer::InferError> {
/// let model = ModelFile::read(Path::new("tests/fixtures/digits.onnx"))?;
/// let options = BenchOptions {
///     device: Device::Cpu,
///     batch_sizes: vec![1, 4],
///     time: Duration::from_millis(20),
///     ..BenchOptions::default()
/// };
/// let report = bench(&model, &options, &|done, steps| eprintln!("{done} of {steps}"))?;
/// for point in &report.throughput {
///     println!("batch {}: {:.0} img/s", point.batch_size, point.images_per_second);
/// }
/// # Ok(())
/// # }
/// ```
pub fn bench(
    model: &ModelFile,
    options: &BenchOptions,
    on_step: &dyn Fn(usize, usize),
) -> Result<BenchReport, InferError> {
    let before = CpuTimes::now();
    memory::reset_peak();
    let start = Instant::now();
    let runtime = load_runtime(options.runtime.as_deref())?;
    let runtime_seconds = start.elapsed().as_secs_f64();

    let (load, provider) = load_times(model, options, runtime_seconds)?;
    let grid = Grid::new(options, provider);
    let steps = grid.threads.len() + grid.settings().len() * grid.batch_sizes.len();
    let mut done = 0;
    let mut step = || {
        done += 1;
        on_step(done, steps);
    };

    let mut latency = Vec::new();
    for &threads in &grid.threads {
        let classifier = open(model, options, 1, threads)?;
        latency.push(latency::measure(&classifier, threads, options.time)?);
        step();
    }
    let mut throughput = Vec::new();
    for (sessions, threads) in grid.settings() {
        memory::reset_peak();
        let classifier = open(model, options, sessions, threads)?;
        for &batch_size in &grid.batch_sizes {
            let time = options.time / options.rounds.get() as u32;
            let rounds = throughput::measure(&classifier, batch_size, time, options.rounds)?;
            throughput.push(Throughput::new(batch_size, sessions, threads, &rounds));
            step();
        }
    }
    let peak_memory = throughput.iter().filter_map(|point| point.peak_memory);
    Ok(BenchReport {
        provider: provider.to_string(),
        runtime_version: runtime.version,
        cores: cores(),
        processor: processor(),
        load,
        latency,
        peak_memory: peak_memory.max().or_else(memory::peak),
        noise: Noise::since(before, &throughput),
        throughput,
    })
}

/// Opens a session three times and runs it once. Gives the provider too, which
/// is known once a session is open.
fn load_times(
    model: &ModelFile,
    options: &BenchOptions,
    runtime: f64,
) -> Result<(LoadTimes, Provider), InferError> {
    let open_timed = || {
        let start = Instant::now();
        let classifier = open(model, options, 1, 1)?;
        Ok::<_, InferError>((start.elapsed().as_secs_f64(), classifier))
    };
    let (first, _) = open_timed()?;
    let (second, _) = open_timed()?;
    let (third, classifier) = open_timed()?;
    let start = Instant::now();
    classifier.run(&pattern(&classifier, 1))?;
    let load = LoadTimes {
        runtime,
        session: first.min(second).min(third),
        first_run: start.elapsed().as_secs_f64(),
    };
    Ok((load, classifier.provider()))
}

fn open(
    model: &ModelFile,
    options: &BenchOptions,
    sessions: usize,
    threads: usize,
) -> Result<Classifier, InferError> {
    Classifier::builder()
        .device(options.device)
        .gpu(options.gpu.clone())
        .runtime(options.runtime.clone())
        .sessions(sessions)
        .intra_threads(threads)
        .from_model(model)
}

/// The points that are measured.
struct Grid {
    batch_sizes: Vec<usize>,
    sessions: Vec<usize>,
    threads: Vec<usize>,
    /// Leave out points that ask for more threads than there are cores.
    only_fitting: bool,
}

impl Grid {
    fn new(options: &BenchOptions, provider: Provider) -> Self {
        let or = |given: &[usize], default: &[usize]| {
            let mut values = if given.is_empty() { default } else { given }.to_vec();
            values.sort_unstable();
            values.dedup();
            values
        };
        let (batch_sizes, sessions, threads) = match provider {
            Provider::Cpu => (&[1, 4, 8][..], [1, cores()], [1, cores()]),
            Provider::Cuda | Provider::TensorRt => (&[1, 8, 32, 64, 128][..], [1, 2], [1, 1]),
        };
        Self {
            batch_sizes: or(&options.batch_sizes, batch_sizes),
            sessions: or(&options.sessions, &sessions),
            threads: or(&options.threads, &threads),
            only_fitting: options.sessions.is_empty()
                && options.threads.is_empty()
                && provider == Provider::Cpu,
        }
    }

    /// Sessions and threads, small ones first.
    fn settings(&self) -> Vec<(usize, usize)> {
        let pairs = self
            .sessions
            .iter()
            .flat_map(|&sessions| self.threads.iter().map(move |&threads| (sessions, threads)));
        pairs
            .filter(|(sessions, threads)| !self.only_fitting || sessions * threads <= cores())
            .collect()
    }
}

fn cores() -> usize {
    thread::available_parallelism().map_or(1, usize::from)
}

/// Made-up images of the model's input size, back to back.
fn pattern(classifier: &Classifier, images: usize) -> Vec<u8> {
    let len = images * classifier.contract().input_len();
    (0..len).map(|i| (i * 31 % 251) as u8).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_grid_does_not_ask_for_more_threads_than_cores() {
        let grid = Grid::new(&BenchOptions::default(), Provider::Cpu);
        let settings = grid.settings();
        assert!(settings.contains(&(1, 1)) && settings.contains(&(cores(), 1)));
        assert!(settings.iter().all(|(s, t)| s * t <= cores()));
    }

    #[test]
    fn given_values_are_all_measured_once_and_in_order() {
        let options = BenchOptions {
            sessions: vec![500, 1, 500],
            threads: vec![2],
            batch_sizes: vec![3, 2],
            ..BenchOptions::default()
        };
        let grid = Grid::new(&options, Provider::Cpu);
        assert_eq!(grid.settings(), [(1, 2), (500, 2)]);
        assert_eq!(grid.batch_sizes, [2, 3]);
    }
}
