//! burn-train's threads, fed by our loop.

use burn::{
    data::{
        dataloader::{DataLoaderIterator, Progress},
        dataset::DatasetError,
    },
    optim::{GradientsAccumulator, GradientsParams},
    tensor::Device,
    train::{TrainOutput, TrainStep, train::MultiDevicesTrainStep},
};

use super::{
    learn::Answer,
    share::{Share, Task},
};
use crate::{
    error::TrainError,
    model::EfficientNet,
    train::{Batch, PrecisionKind},
};

/// The devices of a run. The first one holds the network.
pub struct Devices {
    /// With autodiff.
    devices: Vec<Device>,
    /// A thread a device; none for a single one.
    threads: Option<MultiDevicesTrainStep<EfficientNet>>,
}

/// What a step on all devices gave.
pub struct Learnt {
    /// Of each share, in the order of the devices.
    pub answers: Vec<Answer>,
    /// On the first device: the batch's part of the gradients of the update's
    /// mean loss.
    pub gradients: GradientsParams,
}

impl Devices {
    /// `devices`, with autodiff or without, that are to compute in `precision`; the
    /// first holds the network.
    ///
    /// # Errors
    /// One of them does not compute in it.
    pub fn new(devices: &[Device], precision: PrecisionKind) -> Result<Self, TrainError> {
        let computes = |device: &Device| device.supports_dtype(precision.dtype());
        if let Some(number) = devices.iter().position(|device| !computes(device)) {
            return Err(TrainError::PrecisionNotSupported { precision, number });
        }
        let devices: Vec<Device> = devices
            .iter()
            .map(|device| device.clone().autodiff())
            .collect();
        let threads = (devices.len() > 1).then(|| MultiDevicesTrainStep::new(&devices));
        Ok(Self { devices, threads })
    }

    /// The one that holds the network, with autodiff.
    pub fn first(&self) -> &Device {
        &self.devices[0]
    }

    /// Seeds the random numbers of dropout and stochastic depth: the first device's
    /// with `seed`, each other's with one of its own.
    ///
    /// Devices of one process may share a generator: the first one's seed counts then.
    pub fn seed(&self, seed: u64) {
        for (rank, device) in self.devices.iter().enumerate().rev() {
            device.seed(seed ^ (rank as u64).wrapping_mul(0xD134_2543_DE82_EF95));
        }
    }

    /// Forward and backward over `batch`.
    ///
    /// Batch norms normalise each share by its own statistics, as PyTorch's
    /// DDP does; their running statistics take in the mean of all shares'
    /// (burn's `RunningState` averages over threads).
    ///
    /// # Errors
    /// A device panicked.
    pub fn learn(
        &self,
        network: &EfficientNet,
        batch: Batch,
        task: Task,
    ) -> Result<Learnt, TrainError> {
        let shares = Share::cut(batch, &self.devices, task);
        let outputs = match &self.threads {
            None => shares
                .into_iter()
                .map(|share| TrainStep::step(network, share))
                .collect(),
            Some(threads) => self.on_threads(threads, network, shares)?,
        };
        Ok(self.summed(network, outputs))
    }

    fn on_threads(
        &self,
        threads: &MultiDevicesTrainStep<EfficientNet>,
        network: &EfficientNet,
        shares: Vec<Share>,
    ) -> Result<Vec<TrainOutput<Answer>>, TrainError> {
        let mut loaders: Vec<OneShare> = self.devices.iter().map(|_| OneShare(None)).collect();
        for share in shares {
            let rank = share.rank;
            loaders[rank] = OneShare(Some(share));
        }
        let mut loaders: Vec<Box<dyn DataLoaderIterator<Share>>> = loaders
            .into_iter()
            .map(|loader| Box::new(loader) as Box<_>)
            .collect();
        let (outputs, _) =
            threads
                .step(&mut loaders, network)
                .map_err(|error| TrainError::DeviceFailed {
                    reason: one_line(&error.to_string()),
                })?;
        let mut outputs: Vec<_> = outputs.into_iter().map(|output| output.output).collect();
        // They came as they were ready; sums are to be the same every time.
        outputs.sort_by_key(|output| output.item.rank);
        Ok(outputs)
    }

    fn summed(&self, network: &EfficientNet, outputs: Vec<TrainOutput<Answer>>) -> Learnt {
        let first = self.first().clone().inner();
        let mut sum = GradientsAccumulator::new();
        let mut answers = Vec::with_capacity(outputs.len());
        for TrainOutput { grads, item } in outputs {
            let gradients = match item.rank {
                0 => grads,
                _ => grads.to_device(&first, network),
            };
            sum.accumulate(network, gradients);
            answers.push(item);
        }
        Learnt {
            answers,
            gradients: sum.grads(),
        }
    }
}

/// burn gives several failures a line each.
fn one_line(text: &str) -> String {
    let lines: Vec<&str> = text.lines().map(str::trim).collect();
    lines.join(" ")
}

/// A data loader of one share at most, as burn-train's step asks for one.
struct OneShare(Option<Share>);

impl Iterator for OneShare {
    type Item = Result<Share, DatasetError>;

    fn next(&mut self) -> Option<Self::Item> {
        self.0.take().map(Ok)
    }
}

impl DataLoaderIterator<Share> for OneShare {
    fn progress(&self) -> Progress {
        Progress::new(0, 0, None)
    }
}
