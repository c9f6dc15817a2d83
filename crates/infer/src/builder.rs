//! Options of a classifier, and its assembly.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use rayon::prelude::*;

use crate::classifier::Inner;
use crate::pool::Pool;
use crate::providers::cuda;
use crate::runtime::{self, Runtime};
use crate::session::ModelSession;
use crate::{Classifier, Device, InferError, ModelFile, Provider};

/// Builds a [`Classifier`]; every option has a default.
///
/// ```no_run
/// use std::path::Path;
/// use infer::{Classifier, Device};
///
/// # fn main() -> Result<(), infer::InferError> {
/// let classifier = Classifier::builder()
///     .device(Device::Cpu)
///     .sessions(2)
///     .from_file(Path::new("model.onnx"))?;
/// assert_eq!(classifier.sessions(), 2);
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, Default)]
pub struct ClassifierBuilder {
    device: Device,
    sessions: Option<usize>,
    intra_threads: Option<usize>,
    runtime: Option<PathBuf>,
}

impl ClassifierBuilder {
    /// What to run on. Default: [`Device::Auto`].
    #[must_use]
    pub fn device(mut self, device: Device) -> Self {
        self.device = device;
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
    /// `.onnxruntime/` in a folder above the executable or the current one,
    /// the system's library path; in this order.
    #[must_use]
    pub fn runtime(mut self, library: Option<PathBuf>) -> Self {
        self.runtime = library;
        self
    }

    /// Builds a classifier from an ONNX file.
    ///
    /// # Errors
    /// Those of [`ModelFile::read`], then those of
    /// [`ClassifierBuilder::from_model`].
    pub fn from_file(&self, path: &Path) -> Result<Classifier, InferError> {
        self.from_model(&ModelFile::read(path)?)
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
    /// model, [`InferError::Cuda`] if CUDA was demanded and does not work.
    pub fn from_model(&self, model: &ModelFile) -> Result<Classifier, InferError> {
        let runtime = runtime::load(self.runtime.as_deref())?;
        let contract = Arc::new(model.contract().clone());
        let open = |provider| self.open_sessions(&runtime, model, &contract, provider);
        let open_cpu =
            || open(Provider::Cpu).map_err(|error| InferError::runtime("open the model", &error));

        let (provider, sessions, fallback_reason) = match self.device {
            Device::Cpu => (Provider::Cpu, open_cpu()?, None),
            Device::Cuda => {
                let sessions = open(Provider::Cuda).map_err(|error| InferError::Cuda {
                    reason: cuda::explain(error.message(), &runtime.info),
                })?;
                (Provider::Cuda, sessions, None)
            }
            Device::Auto => match open(Provider::Cuda) {
                Ok(sessions) => (Provider::Cuda, sessions, None),
                Err(error) => {
                    let reason = cuda::explain(error.message(), &runtime.info);
                    (Provider::Cpu, open_cpu()?, Some(reason))
                }
            },
        };
        Ok(Classifier::new(Inner {
            contract,
            pool: Pool::new(sessions),
            provider,
            runtime: runtime.info,
            fallback_reason,
        }))
    }

    /// Opens all sessions, in parallel: optimising the graph takes a while.
    fn open_sessions(
        &self,
        runtime: &Runtime,
        model: &ModelFile,
        contract: &Arc<contract::Contract>,
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
