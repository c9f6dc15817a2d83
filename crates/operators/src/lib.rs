//! The operators of the [`kernels`] crate as functions of burn's tensors.
//!
//! They go in through burn's backend extensions: each is implemented for the
//! `flex` backend, and for autodiff over it with a backward pass of its own.
//! Every other device keeps burn's operators; [`supports`] tells which is which.
//!
//! Activations between these operators are channels-last,
//! `[batch, height, width, channels]`; only the pixels that come into
//! [`stem`] are channels-first, as burn has them.

mod adamw;
mod autodiff;
mod conv_norm;
mod extension;
mod flex;
mod head;
mod mbconv;
mod stem;

use burn::tensor::Device;

pub use adamw::{Updated, adamw};
pub use conv_norm::{ConvNorm, NormOptions, RunningStatistics};
pub use head::head;
pub use kernels::{AdamW, Padding, Statistics, Window, release_idle_buffers};
pub use mbconv::{MbConv, MbConvOptions, MbConvStatistics, SqueezeExcitation, mbconv};
pub use stem::stem;

/// Whether `device` runs these operators: burn's `flex` does, with autodiff or
/// without.
pub fn supports(device: &Device) -> bool {
    *device == Device::flex() || *device == Device::flex().autodiff()
}
