//! The operators against plain double-precision ones, finite differences and
//! PyTorch.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod blocks;
mod convolutions;
mod normalisation;
mod pytorch;
mod reference;
mod threads;
