//! Pretrained weights: found or fetched, put into a network, given statistics that fit.

mod resolve;
mod statistics;

pub use resolve::{into_network, resolve};
pub use statistics::{MEASURED_IMAGES, StatisticsSource};
