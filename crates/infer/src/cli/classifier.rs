//! Options of the commands that run a model.

use std::path::{Path, PathBuf};

use clap::Args;
use clap::builder::{PossibleValuesParser, TypedValueParser as _};
use infer::{Classifier, Device, InferError};

use super::Verbosity;

/// Arguments that say how to run a model.
#[derive(Debug, Args)]
pub struct ClassifierArgs {
    /// What to run on; `auto` takes CUDA if it works, else the CPU.
    #[arg(
        long, default_value = "auto",
        value_parser = PossibleValuesParser::new(["auto", "cpu", "cuda"]).try_map(|name| name.parse::<Device>())
    )]
    pub device: Device,

    /// Sessions that run at the same time [default: one a core, one on a GPU].
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    pub sessions: Option<u16>,

    /// ONNX Runtime shared library, or the folder that holds it.
    #[arg(long, value_name = "PATH")]
    pub runtime: Option<PathBuf>,
}

impl ClassifierArgs {
    /// Opens the model and says what there is to say about it.
    pub fn open(&self, model: &Path, verbosity: Verbosity) -> Result<Classifier, InferError> {
        let mut builder = Classifier::builder()
            .device(self.device)
            .runtime(self.runtime.clone());
        if let Some(sessions) = self.sessions {
            builder = builder.sessions(sessions.into());
        }
        let classifier = builder.from_file(model)?;

        let runtime = classifier.runtime();
        verbosity.detail(&format!(
            "loaded ONNX Runtime {} from {}",
            runtime.version,
            runtime.path.display()
        ));
        if let Some(reason) = classifier.fallback_reason() {
            let line = format!("running on the CPU: {reason}");
            // Without the CUDA provider nobody expected a GPU to be used.
            if runtime.cuda_build {
                eprintln!("warning: {line}");
            } else {
                verbosity.detail(&line);
            }
        }
        Ok(classifier)
    }
}
