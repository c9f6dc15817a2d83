//! Random changes to training images.
//!
//! - [`Augmentation`]: the transforms of a recipe, one after the other, drawn
//!   for an image from the run's seed, the epoch and the image's index only;
//! - [`Transform`]: what a recipe may list, with a TOML spelling each;
//! - [`transforms`]: one transform a file, split into what is drawn
//!   ([`sample`](RandomTransform::sample)) and what is done with it
//!   ([`apply`](RandomTransform::apply));
//! - [`batch`]: mixup and CutMix, which mix the images of a batch.
//!
//! Each transform follows one library, named in its documentation: given the
//! same parameters it gives the same bytes (golden tests), and it draws them
//! from the same distributions.
#![cfg_attr(test, expect(clippy::unwrap_used, reason = "a test may panic"))]

mod augmentation;
pub mod batch;
mod error;
mod image;
mod imaging;
mod random;
mod range;
#[cfg(test)]
mod testing;
mod transform;
pub mod transforms;

pub use augmentation::Augmentation;
pub use error::{AugmentError, OutOfRange};
pub use image::Image;
pub use imaging::Interpolation;
pub use random::{batch_rng, image_rng};
pub use transform::{RandomTransform, Transform};
