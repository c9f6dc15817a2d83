//! What the transforms are made of: operations without chance, each as one
//! library does it.

mod gaussian;
mod histogram;
mod hue;
mod luma;
mod opencv_remap;
mod opencv_resize;
mod opencv_warp;
mod pillow_affine;
mod pillow_blend;
mod point;
mod sharpness;

pub(crate) use gaussian::GaussianFilter;
pub(crate) use histogram::{autocontrast, equalize};
pub(crate) use hue::adjust_hue;
pub(crate) use opencv_remap::{remap, to_position};
pub(crate) use opencv_resize::resize_bilinear;
pub(crate) use opencv_warp::{affine_through, warp_affine};
pub use pillow_affine::Interpolation;
pub(crate) use pillow_affine::{InverseAffine, rotate, transform};
pub(crate) use pillow_blend::adjust_saturation;
pub(crate) use point::{adjust_brightness, adjust_contrast, posterize, solarize};
pub(crate) use sharpness::adjust_sharpness;
