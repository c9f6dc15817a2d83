//! Options of the commands that run a model.

use std::path::{Path, PathBuf};

use clap::Args;
use clap::builder::{PossibleValuesParser, TypedValueParser as _};
use infer::{Classifier, ClassifierBuilder, Device, GpuOptions, InferError, ModelFile};

use super::verbosity::{Verbosity, warn};

/// Arguments that say what to run a model on.
#[derive(Debug, Args)]
pub struct DeviceArgs {
    /// What to run on; `auto` takes CUDA if it works, else the CPU.
    #[arg(
        long, default_value = "auto",
        value_parser = PossibleValuesParser::new(["auto", "cpu", "cuda", "tensorrt"]).try_map(|name| name.parse::<Device>())
    )]
    pub device: Device,

    /// On a GPU, record the kernels of each batch size and replay them.
    #[arg(long)]
    cuda_graphs: bool,

    /// Let TensorRT compute in float16 where that is faster.
    #[arg(long)]
    tensorrt_fp16: bool,

    /// Folder where TensorRT keeps what it compiled, for the next start.
    #[arg(long, value_name = "DIR")]
    tensorrt_cache: Option<PathBuf>,

    /// ONNX Runtime shared library, or the folder that holds it.
    #[arg(long, value_name = "PATH")]
    pub runtime: Option<PathBuf>,
}

impl DeviceArgs {
    /// How a GPU is used.
    pub fn gpu(&self) -> GpuOptions {
        GpuOptions {
            cuda_graphs: self.cuda_graphs,
            fp16: self.tensorrt_fp16,
            engine_cache: self.tensorrt_cache.clone(),
        }
    }
}

/// Arguments that say how to run a model.
#[derive(Debug, Args)]
pub struct ClassifierArgs {
    #[command(flatten)]
    device: DeviceArgs,

    /// Sessions that run at the same time [default: one a core, one on a GPU].
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    sessions: Option<u16>,
}

impl ClassifierArgs {
    /// The options of a classifier.
    pub fn builder(&self) -> ClassifierBuilder {
        let builder = Classifier::builder()
            .device(self.device.device)
            .gpu(self.device.gpu())
            .runtime(self.device.runtime.clone());
        match self.sessions {
            Some(sessions) => builder.sessions(sessions.into()),
            None => builder,
        }
    }

    /// Opens the model and says what there is to say about it.
    pub fn open(&self, model: &Path, verbosity: Verbosity) -> Result<Classifier, InferError> {
        let classifier = self.builder().from_file(model)?;
        tell_fallback(&classifier, verbosity);
        Ok(classifier)
    }

    /// Opens a model that was read before and runs each session once with
    /// `batch_size` images, or as many as a run takes by itself.
    pub fn open_warm(
        &self,
        model: &ModelFile,
        batch_size: Option<u16>,
        verbosity: Verbosity,
    ) -> Result<Classifier, InferError> {
        let builder = self.builder().warm_up(true);
        let builder = match batch_size {
            Some(images) => builder.max_batch(images.into()),
            None => builder,
        };
        let classifier = builder.from_model(model)?;
        tell_fallback(&classifier, verbosity);
        Ok(classifier)
    }
}

/// Says why a classifier does not run on the GPU.
pub fn tell_fallback(classifier: &Classifier, verbosity: Verbosity) {
    if let Some(reason) = classifier.fallback_reason() {
        let line = format!("running on the CPU: {reason}");
        // Without the CUDA provider nobody expected a GPU to be used.
        if classifier.runtime().cuda_build {
            warn(&line);
        } else {
            verbosity.detail(&line);
        }
    }
}
