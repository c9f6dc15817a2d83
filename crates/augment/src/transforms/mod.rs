//! The transforms of one image, one a file.
//!
//! Each is a struct of the values that a recipe gives; all have a default, and
//! unknown keys are errors.

mod affine;
mod color_jitter;
mod elastic_transform;
mod grid_distortion;
mod horizontal_flip;
mod operation;
mod operation_space;
mod rand_augment;
mod random_erasing;
mod random_resized_crop;
mod resize;
mod shift;
mod trivial_augment_wide;
mod vertical_flip;

pub use affine::{Affine, AffineParameters};
pub use color_jitter::{Adjustment, ColorJitter};
pub use elastic_transform::{ElasticParameters, ElasticTransform};
pub use grid_distortion::{GridDistortion, GridParameters};
pub use horizontal_flip::HorizontalFlip;
pub use operation::Operation;
pub use rand_augment::RandAugment;
pub use random_erasing::{Erasure, ErasureFill, RandomErasing};
pub use random_resized_crop::{Crop, CropInterpolation, RandomResizedCrop};
pub use resize::{Resize, Target};
pub use shift::{Shift, ShiftParameters};
pub use trivial_augment_wide::TrivialAugmentWide;
pub use vertical_flip::VerticalFlip;
