//! One step on one or several devices: each learns from its share of the
//! batch, the gradients are summed.
//!
//! The threads are burn-train's (`MultiDevicesTrainStep`, what its
//! `MultiDevice` strategy runs on): every device gets a copy of the weights,
//! goes forward and backward, and hands its gradients to the first one, which
//! updates. burn's `DistributedDataParallel` would reduce them with NCCL, but
//! exists for CUDA alone and keeps a loop and checkpoints of its own.

mod engine;
mod learn;
mod share;
#[cfg(test)]
mod tests;

pub(super) use engine::Devices;
pub(super) use learn::Answer;
pub(super) use share::Task;
