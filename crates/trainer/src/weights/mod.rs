//! Pretrained weights: found or fetched, put into a network, converted.

mod calibrate;
mod resolve;

pub use calibrate::{CALIBRATION_IMAGES, convert_npm_package};
pub use resolve::{into_network, resolve};
