//! One ONNX Runtime session of a classifier model.

mod bound;

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::fmt;
use std::sync::Arc;

use contract::Contract;
use ort::logging::LogLevel;
use ort::session::Session;
use ort::session::builder::{GraphOptimizationLevel, SessionBuilder};
use ort::value::TensorRef;

use crate::runtime::Runtime;
use crate::{GpuOptions, InferError, Provider};
use bound::{BoundBatch, Memory};

/// Batch sizes whose buffers are kept: a queue under changing load has as many.
const BOUND_BATCHES: usize = 64;

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
    bound: Option<Bound>,
}

/// Buffers of a GPU's session, by the number of images.
struct Bound {
    memory: Memory,
    /// Whether kernels are recorded.
    recorded: bool,
    batches: HashMap<usize, BoundBatch>,
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
        gpu: &GpuOptions,
        intra_threads: usize,
    ) -> Result<Self, ort::Error> {
        let session = options(runtime, provider, gpu, intra_threads)?.commit_from_memory(model)?;
        let bound = provider.is_gpu().then(|| Bound {
            memory: Memory::CUDA,
            recorded: gpu.cuda_graphs,
            batches: HashMap::new(),
        });
        Ok(Self {
            session,
            contract,
            bound,
        })
    }

    /// Runs the model on `pixels`, whole images back to back (NHWC uint8).
    pub fn run(&mut self, pixels: &[u8]) -> Result<Scores, InferError> {
        match &mut self.bound {
            Some(bound) => bound
                .run(&mut self.session, &self.contract, pixels)
                .map_err(|error| InferError::runtime("run the model", &error)),
            None => self.run_borrowed(pixels),
        }
    }

    /// The tensor borrows the slice: nothing is copied on the way in.
    fn run_borrowed(&mut self, pixels: &[u8]) -> Result<Scores, InferError> {
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

impl Bound {
    fn run(
        &mut self,
        session: &mut Session,
        contract: &Contract,
        pixels: &[u8],
    ) -> ort::Result<Scores> {
        let images = pixels.len() / contract.input_len();
        if self.batches.len() >= BOUND_BATCHES && !self.batches.contains_key(&images) {
            self.batches.clear();
        }
        let batch = match self.batches.entry(images) {
            Entry::Occupied(entry) => entry.into_mut(),
            Entry::Vacant(entry) => entry.insert(BoundBatch::new(
                session,
                contract,
                images,
                &self.memory,
                self.recorded,
            )?),
        };
        batch.run(session, pixels)
    }
}

/// The session options: every graph optimisation, sequential execution.
fn options(
    runtime: &Runtime,
    provider: Provider,
    gpu: &GpuOptions,
    intra_threads: usize,
) -> Result<SessionBuilder, ort::Error> {
    let builder = Session::builder(&runtime.environment)?
        .with_log_level(LogLevel::Warning)?
        .with_optimization_level(GraphOptimizationLevel::All)?
        .with_intra_threads(intra_threads)?
        .with_execution_providers(provider.dispatch(gpu))?;
    Ok(builder)
}

#[cfg(test)]
mod tests {
    use ort::memory::AllocationDevice;

    use super::*;
    use crate::{ModelFile, runtime};

    /// A GPU's buffers, in ordinary memory: the same code on the processor.
    #[test]
    fn bound_buffers_give_the_answers_of_borrowed_ones() {
        let bytes = include_bytes!("../../tests/fixtures/digits.onnx");
        let model = ModelFile::from_bytes(bytes.to_vec()).unwrap();
        let runtime = runtime::load(None).unwrap();
        let contract = Arc::new(model.contract().clone());
        let image = contract.input_len();
        let open = |bound: Option<Bound>| {
            let gpu = GpuOptions::default();
            let contract = Arc::clone(&contract);
            let session =
                ModelSession::open(&runtime, model.bytes(), contract, Provider::Cpu, &gpu, 1);
            ModelSession {
                bound,
                ..session.unwrap()
            }
        };
        let mut borrowed = open(None);
        for recorded in [false, true] {
            let memory = Memory {
                host: AllocationDevice::CPU,
                device: AllocationDevice::CPU,
            };
            let mut bound = open(Some(Bound {
                memory,
                recorded,
                batches: HashMap::new(),
            }));
            // Batches of other sizes in between, and other pixels each time.
            for (turn, images) in [4, 1, 4, 3, 4].into_iter().enumerate() {
                let pixels: Vec<u8> = (0..images * image)
                    .map(|i| (i * 7 + turn * 31) as u8)
                    .collect();
                let (found, expected) = (bound.run(&pixels), borrowed.run(&pixels));
                let (found, expected) = (found.unwrap(), expected.unwrap());
                assert_eq!(found.logits, expected.logits);
                assert_eq!(found.probabilities, expected.probabilities);
            }
        }
    }
}
