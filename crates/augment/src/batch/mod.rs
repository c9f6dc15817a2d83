//! Mixing the images of a batch: mixup and CutMix, as timm's `Mixup` (mode
//! `batch`) does them on bytes in `FastCollateMixup`.
//!
//! Image `i` of `n` is mixed with image `n - 1 - i`, by the same share in the
//! whole batch; its label becomes two labels with their weights.

mod cutmix;
mod mix;
mod mixup;
mod target;

pub use cutmix::CutMix;
pub use mix::{BatchMix, Mix};
pub use mixup::Mixup;
pub use target::SoftTarget;

use crate::Image;

/// The image that image `index` of a batch of `images` is mixed with.
fn partner(index: usize, images: usize) -> usize {
    images - 1 - index
}

/// Each pair of partners once, the images to be changed. The middle one of an
/// odd number of images is its own partner: mixing does not change it.
fn pairs(images: &mut [Image]) -> impl Iterator<Item = (&mut Image, &mut Image)> {
    let (first, second) = images.split_at_mut(images.len() / 2);
    first.iter_mut().zip(second.iter_mut().rev())
}
