//! One ONNX Runtime session of a classifier model.

use std::fmt;
use std::sync::Arc;

use contract::Contract;
use ort::logging::LogLevel;
use ort::session::Session;
use ort::session::builder::{GraphOptimizationLevel, SessionBuilder};
use ort::value::TensorRef;

use crate::runtime::Runtime;
use crate::{InferError, Provider};

/// What a run returns for `n` images of `c` classes.
#[derive(Debug)]
pub(crate) struct Scores {
    /// Row-major `[n, c]`.
    pub logits: Vec<f32>,
    /// Row-major `[n, c]`, each row a softmax.
    pub probabilities: Vec<f32>,
}

/// A session with the names and shapes that its contract fixes.
pub(crate) struct ModelSession {
    session: Session,
    contract: Arc<Contract>,
}

impl fmt::Debug for ModelSession {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ModelSession").finish_non_exhaustive()
    }
}

impl ModelSession {
    /// Opens `model` (ONNX bytes) on `provider` with `intra_threads` threads
    /// inside an operator. The error is ONNX Runtime's own: the caller knows
    /// whether another provider is worth a try.
    pub fn open(
        runtime: &Runtime,
        model: &[u8],
        contract: Arc<Contract>,
        provider: Provider,
        intra_threads: usize,
    ) -> Result<Self, ort::Error> {
        let session = options(runtime, provider, intra_threads)?.commit_from_memory(model)?;
        Ok(Self { session, contract })
    }

    /// Runs the model on `pixels`, whole images back to back (NHWC uint8).
    /// The tensor borrows the slice: nothing is copied on the way in.
    pub fn run(&mut self, pixels: &[u8]) -> Result<Scores, InferError> {
        let input = &self.contract.input;
        let images = pixels.len() / self.contract.input_len();
        let shape = [images, input.height, input.width, input.channels];
        let expected = [images, self.contract.classes.len()];
        let failed = |error: ort::Error| InferError::runtime("run the model", &error);

        let tensor = TensorRef::from_array_view((shape, pixels)).map_err(failed)?;
        let outputs = self
            .session
            .run(ort::inputs![input.name.as_str() => tensor])
            .map_err(failed)?;
        let values = |name: &str| -> Result<Vec<f32>, InferError> {
            let wrong = |got: Vec<i64>| InferError::OutputShape {
                name: name.to_owned(),
                got,
                expected,
            };
            let value = outputs.get(name).ok_or_else(|| wrong(Vec::new()))?;
            let (shape, values) = value.try_extract_tensor::<f32>().map_err(failed)?;
            if shape.len() != 2
                || shape
                    .iter()
                    .zip(expected)
                    .any(|(&got, want)| got != want as i64)
            {
                return Err(wrong(shape.to_vec()));
            }
            Ok(values.to_vec())
        };
        Ok(Scores {
            logits: values(&self.contract.output.logits)?,
            probabilities: values(&self.contract.output.probabilities)?,
        })
    }
}

/// The session options: every graph optimisation, sequential execution.
fn options(
    runtime: &Runtime,
    provider: Provider,
    intra_threads: usize,
) -> Result<SessionBuilder, ort::Error> {
    let builder = Session::builder(&runtime.environment)?
        .with_log_level(LogLevel::Warning)?
        .with_optimization_level(GraphOptimizationLevel::All)?
        .with_intra_threads(intra_threads)?
        .with_execution_providers([provider.dispatch()])?;
    Ok(builder)
}
