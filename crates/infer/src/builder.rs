//! Options of a classifier, and its assembly.

use std::fs;
use std::panic::resume_unwind;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use contract::Contract;
use rayon::prelude::*;

use crate::classifier::Inner;
use crate::engine::Engine;
use crate::event::{Event, Hook};
use crate::pool::Pool;
use crate::providers::explain;
use crate::queue::{Queue, QueueOptions};
use crate::runtime::{self, Runtime};
use crate::session::ModelSession;
use crate::{Classifier, Device, GpuOptions, InferError, ModelFile, Provider};

/// Builds a [`Classifier`]; every option has a default.
///
/// ```
/// use std::path::Path;
/// use std::time::Duration;
/// use infer::{Classifier, Device};
///
/// # fn main() -> Result<(), infer::InferError> {
/// let classifier = Classifier::builder()
///     .device(Device::Cpu)
///     .sessions(2)
///     .max_batch(8)
///     .max_wait(Duration::from_millis(2))
///     .queue_length(64)
///     .warm_up(true)
///     .from_file(Path::new("tests/fixtures/digits.onnx"))?;
/// assert_eq!(classifier.sessions(), 2);
/// assert_eq!(classifier.queue_length(), 64);
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, Default)]
pub struct ClassifierBuilder {
    device: Device,
    gpu: GpuOptions,
    sessions: Option<usize>,
    intra_threads: Option<usize>,
    runtime: Option<PathBuf>,
    max_batch: Option<usize>,
    max_wait: Option<Duration>,
    queue_length: Option<usize>,
    max_pixels: Option<u64>,
    warm_up: bool,
    hook: Hook,
}

/// Requests that wait when the caller does not say.
const QUEUE_LENGTH: usize = 256;

/// Pixels of an encoded image when the caller does not say: 64 million, for
/// the cameras that there are, at 256 MB decoded with transparency.
const MAX_PIXELS: u64 = 64_000_000;

impl ClassifierBuilder {
    /// What to run on. Default: [`Device::Auto`].
    #[must_use]
    pub fn device(mut self, device: Device) -> Self {
        self.device = device;
        self
    }

    /// How a GPU is used. Default: [`GpuOptions::default`].
    #[must_use]
    pub fn gpu(mut self, options: GpuOptions) -> Self {
        self.gpu = options;
        self
    }

    /// Number of sessions, at least 1 (0 counts as 1). Each holds its own copy
    /// of the weights. Default: one a core on the CPU, one on a GPU.
    #[must_use]
    pub fn sessions(mut self, sessions: usize) -> Self {
        self.sessions = Some(sessions.max(1));
        self
    }

    /// Threads inside one operator of one session, at least 1 (0 counts as 1).
    /// Default: 1, since the sessions already fill the cores. One session
    /// with a thread a core answers a single request sooner, and fewer in all.
    #[must_use]
    pub fn intra_threads(mut self, threads: usize) -> Self {
        self.intra_threads = Some(threads.max(1));
        self
    }

    /// The ONNX Runtime shared library, or a folder that holds it. Default
    /// (`None`): `ORT_DYLIB_PATH`, beside the executable, `../lib`,
    /// `.onnxruntime/` of the checkout in whose `target/` the executable lies,
    /// the user's data folder (`$XDG_DATA_HOME/infer`, else
    /// `~/.local/share/infer`), the system's library path; in this order.
    /// Folders that everyone may write to are passed over.
    #[must_use]
    pub fn runtime(mut self, library: Option<PathBuf>) -> Self {
        self.runtime = library;
        self
    }

    /// Most images that the queue's workers run together, at least 1 (0 counts
    /// as 1). Default: [`Classifier::default_batch_size`].
    #[must_use]
    pub fn max_batch(mut self, images: usize) -> Self {
        self.max_batch = Some(images.max(1));
        self
    }

    /// How long the first image of a batch waits for others. Default: 2 ms on a
    /// GPU, which large batches keep busy, and zero on the CPU. Zero means that
    /// nothing waits while a session is free, and a batch is the session's share
    /// of half of the images under way (the other half is being sent or waits).
    #[must_use]
    pub fn max_wait(mut self, wait: Duration) -> Self {
        self.max_wait = Some(wait);
        self
    }

    /// Requests that may wait, at least 1 (0 counts as 1); one more is answered
    /// with [`InferError::Overloaded`]. Default: 256.
    #[must_use]
    pub fn queue_length(mut self, requests: usize) -> Self {
        self.queue_length = Some(requests.max(1));
        self
    }

    /// Most pixels (columns times rows) of an encoded image in the queue; a
    /// larger one is refused by its header, before memory is taken for it.
    /// Default: 64 million.
    #[must_use]
    pub fn max_pixels(mut self, pixels: u64) -> Self {
        self.max_pixels = Some(pixels);
        self
    }

    /// Whether to run each session with zeros before the classifier is handed
    /// over, so that the first requests are as quick as later ones. Default:
    /// no.
    #[must_use]
    pub fn warm_up(mut self, warm_up: bool) -> Self {
        self.warm_up = warm_up;
        self
    }

    /// A function that is told what happens in the queue, for metrics; see
    /// [`Event`]. It runs on the threads of the callers and workers, so it is
    /// to be quick. It must not hold a clone of the classifier.
    #[must_use]
    pub fn on_event(mut self, hook: impl Fn(&Event) + Send + Sync + 'static) -> Self {
        self.hook = Hook::new(hook);
        self
    }

    /// Builds a classifier from an ONNX file.
    ///
    /// # Errors
    /// Those of [`ModelFile::read`], then those of
    /// [`ClassifierBuilder::from_model`].
    pub fn from_file(&self, path: &Path) -> Result<Classifier, InferError> {
        let model = thread::scope(|scope| {
            // Loading the library takes as long as reading a model; what it fails
            // with is told below. Its many small allocations belong on this thread:
            // glibc grows other threads' heaps by a page at a time.
            let model = scope.spawn(|| ModelFile::read(path));
            let _ = runtime::load(self.runtime.as_deref());
            model.join().unwrap_or_else(|panic| resume_unwind(panic))
        })?;
        self.from_model(&model)
    }

    /// Builds a classifier from the bytes of an ONNX file.
    ///
    /// # Errors
    /// Those of [`ModelFile::from_bytes`], then those of
    /// [`ClassifierBuilder::from_model`].
    pub fn from_bytes(&self, bytes: Vec<u8>) -> Result<Classifier, InferError> {
        self.from_model(&ModelFile::from_bytes(bytes)?)
    }

    /// Builds a classifier from a model that was read before.
    ///
    /// # Errors
    /// `Runtime…` if ONNX Runtime cannot be found or loaded or refuses the
    /// model, [`InferError::Cuda`] or [`InferError::TensorRt`] if that was demanded
    /// and does not work, [`InferError::EngineCache`] for a folder that cannot be made,
    /// [`InferError::Thread`] if the system refuses a thread.
    pub fn from_model(&self, model: &ModelFile) -> Result<Classifier, InferError> {
        let runtime = runtime::load(self.runtime.as_deref())?;
        let contract = Arc::new(model.contract().clone());
        let open = |provider| self.open_sessions(&runtime, model, &contract, provider);
        let open_cpu =
            || open(Provider::Cpu).map_err(|error| InferError::runtime("open the model", &error));

        let explain =
            |provider, error: ort::Error| explain(provider, error.message(), &runtime.info);
        let (provider, sessions, fallback_reason) = match self.device {
            Device::Cpu => (Provider::Cpu, open_cpu()?, None),
            Device::Cuda => {
                let sessions = open(Provider::Cuda).map_err(|error| InferError::Cuda {
                    reason: explain(Provider::Cuda, error),
                })?;
                (Provider::Cuda, sessions, None)
            }
            Device::TensorRt => {
                self.make_engine_cache()?;
                let sessions = open(Provider::TensorRt).map_err(|error| InferError::TensorRt {
                    reason: explain(Provider::TensorRt, error),
                })?;
                (Provider::TensorRt, sessions, None)
            }
            Device::Auto => match open(Provider::Cuda) {
                Ok(sessions) => (Provider::Cuda, sessions, None),
                Err(error) => {
                    let reason = explain(Provider::Cuda, error);
                    (Provider::Cpu, open_cpu()?, Some(reason))
                }
            },
        };
        let engine = Arc::new(Engine {
            contract,
            pool: Pool::new(sessions),
            provider,
        });
        let options = self.queue_options(provider, model.contract());
        if self.warm_up {
            engine.warm_up(options.max_batch)?;
        }
        Ok(Classifier::new(Inner {
            queue: Queue::start(&engine, options)?,
            engine,
            runtime: runtime.info,
            fallback_reason,
        }))
    }

    fn make_engine_cache(&self) -> Result<(), InferError> {
        let Some(path) = &self.gpu.engine_cache else {
            return Ok(());
        };
        fs::create_dir_all(path).map_err(|source| InferError::EngineCache {
            path: path.clone(),
            source,
        })
    }

    fn queue_options(&self, provider: Provider, contract: &Contract) -> QueueOptions {
        QueueOptions {
            length: self.queue_length.unwrap_or(QUEUE_LENGTH),
            max_batch: self
                .max_batch
                .unwrap_or_else(|| provider.default_batch_size(contract)),
            max_wait: self.max_wait.unwrap_or(provider.default_max_wait()),
            max_pixels: self.max_pixels.unwrap_or(MAX_PIXELS),
            hook: self.hook.clone(),
        }
    }

    /// Opens all sessions, in parallel: optimising the graph takes a while.
    fn open_sessions(
        &self,
        runtime: &Runtime,
        model: &ModelFile,
        contract: &Arc<Contract>,
        provider: Provider,
    ) -> Result<Vec<ModelSession>, ort::Error> {
        let sessions = self.sessions.unwrap_or_else(|| provider.default_sessions());
        let threads = self.intra_threads.unwrap_or(1);
        let open = || {
            ModelSession::open(
                runtime,
                model.bytes(),
                Arc::clone(contract),
                provider,
                &self.gpu,
                threads,
            )
        };
        let start = Instant::now();
        // The first one alone: if the provider does not work, it fails once.
        let first = open()?;
        let others: Vec<ModelSession> = (1..sessions)
            .into_par_iter()
            .map(|_| open())
            .collect::<Result<_, _>>()?;
        tracing::info!(
            "opened {sessions} session(s) of {threads} thread(s) on {provider} in {:.2} s",
            start.elapsed().as_secs_f64()
        );
        Ok(std::iter::once(first).chain(others).collect())
    }
}
