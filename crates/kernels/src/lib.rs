//! The operators of EfficientNet on a processor, forward and backward, written
//! for its vector units and caches.
//!
//! Activations are channels-last, `[batch, height, width, channels]`; weights
//! are in PyTorch's order. What a batch normalisation and a SiLU make of a
//! convolution's output is not stored but computed while it is read, so that a
//! training step moves as little memory as it can. Results do not depend on
//! the number of threads, bit for bit.
//!
//! [`Stem`], [`MbConv`] and [`Head`] are what a network is made of; the
//! modules hold what these are made of.
//!
//! This crate knows slices alone; the `operators` crate puts it into burn.

pub mod activation;
mod adamw;
mod buffer;
pub mod depthwise;
mod elementwise;
mod head;
mod matrix;
mod mbconv;
pub mod norm;
pub mod pointwise;
mod shape;
mod simd;
mod squeeze_excitation;
mod stem;
mod tiles;

pub use adamw::AdamW;
pub use buffer::{Buffer, release_idle_buffers};
pub use elementwise::{sigmoid, silu, silu_derivative};
pub use head::{Head, HeadSaved};
pub use matrix::Write;
pub use mbconv::{ConvNorm, ConvNormGradient, MbConv, MbConvGradient, MbConvMoments, MbConvSaved};
pub use norm::{Moments, Norm, NormGradient, Normalisation, Statistics};
pub use shape::{Padding, Shape, Window};
pub use squeeze_excitation::{Gates, SqueezeExcitation, SqueezeExcitationGradient};
pub use stem::{Stem, StemSaved};
