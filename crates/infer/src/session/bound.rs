//! Buffers that stay where they are from run to run (ONNX Runtime's IoBinding).
//!
//! A GPU copies from and to pinned memory, which the system does not move, at the
//! full speed of the bus. Recorded kernels (CUDA graphs) moreover read and write
//! fixed addresses on the device, so for them the buffers there are fixed too.

use contract::Contract;
use ort::memory::{AllocationDevice, Allocator, AllocatorType, MemoryInfo, MemoryType};
use ort::session::{IoBinding, NoSelectedOutputs, RunOptions, Session};
use ort::value::Tensor;

use super::Scores;

/// Kinds of memory.
#[derive(Debug, Clone)]
pub(super) struct Memory {
    /// Where the processor writes pixels and reads answers.
    pub host: AllocationDevice<'static>,
    /// Where the network reads and writes.
    pub device: AllocationDevice<'static>,
}

impl Memory {
    /// Pinned memory and that of an NVIDIA GPU.
    pub const CUDA: Self = Self {
        host: AllocationDevice::CUDA_PINNED,
        device: AllocationDevice::CUDA,
    };
}

/// The buffers of one batch size, bound to a session.
pub(super) struct BoundBatch {
    binding: IoBinding,
    options: RunOptions<NoSelectedOutputs>,
    input_name: String,
    input: Tensor<u8>,
    /// Logits and probabilities.
    outputs: [Tensor<f32>; 2],
    /// With recorded kernels, the same on the device.
    fixed: Option<(Tensor<u8>, [Tensor<f32>; 2])>,
}

impl BoundBatch {
    /// Buffers for `images` images; `recorded`: for kernels that are recorded.
    pub fn new(
        session: &Session,
        contract: &Contract,
        images: usize,
        memory: &Memory,
        recorded: bool,
    ) -> ort::Result<Self> {
        let allocator = |device: &AllocationDevice<'static>, kind| {
            let info = MemoryInfo::new(device.clone(), 0, AllocatorType::Device, kind)?;
            Allocator::new(session, info)
        };
        let input = &contract.input;
        let pixels = [images, input.height, input.width, input.channels];
        let scores = [images, contract.classes.len()];
        let outputs = |allocator: &Allocator| -> ort::Result<[Tensor<f32>; 2]> {
            Ok([
                Tensor::new(allocator, scores)?,
                Tensor::new(allocator, scores)?,
            ])
        };
        let mut bound = Self {
            binding: session.create_binding()?,
            options: RunOptions::new()?,
            input_name: input.name.clone(),
            input: Tensor::new(&allocator(&memory.host, MemoryType::CPUInput)?, pixels)?,
            outputs: outputs(&allocator(&memory.host, MemoryType::CPUOutput)?)?,
            fixed: None,
        };
        // One recording for each batch size.
        bound.options.set("gpu_graph_id", images.to_string())?;
        if recorded {
            let device = allocator(&memory.device, MemoryType::Default)?;
            let fixed = (Tensor::new(&device, pixels)?, outputs(&device)?);
            bound.binding.bind_input(&bound.input_name, &fixed.0)?;
            bound.fixed = Some(fixed);
        }
        let written = match &mut bound.fixed {
            Some((_, outputs)) => outputs,
            None => &mut bound.outputs,
        };
        let names = [&contract.output.logits, &contract.output.probabilities];
        for (name, output) in names.into_iter().zip(written) {
            bound.binding.bind_output(name, output)?;
        }
        Ok(bound)
    }

    /// Runs the session that the buffers are bound to on `pixels`, exactly as many
    /// images as there is room for.
    pub fn run(&mut self, session: &mut Session, pixels: &[u8]) -> ort::Result<Scores> {
        self.input.extract_tensor_mut().1.copy_from_slice(pixels);
        match &mut self.fixed {
            Some((fixed, _)) => self.input.copy_into(fixed)?,
            // Binding copies.
            None => {
                self.binding.bind_input(&self.input_name, &self.input)?;
                self.binding.synchronize_inputs()?;
            }
        }
        session.run_binding_with_options(&self.binding, &self.options)?;
        self.binding.synchronize_outputs()?;
        if let Some((_, fixed)) = &self.fixed {
            for (from, to) in fixed.iter().zip(&mut self.outputs) {
                from.copy_into(to)?;
            }
        }
        let [logits, probabilities] = &self.outputs;
        Ok(Scores {
            logits: logits.extract_tensor().1.to_vec(),
            probabilities: probabilities.extract_tensor().1.to_vec(),
        })
    }
}
