//! EfficientNet (Tan and Le 2019, "EfficientNet: Rethinking Model Scaling for
//! Convolutional Neural Networks") in burn.
//!
//! Two families of pretrained weights exist and both are carried: symmetric
//! padding with batch-norm epsilon 1e-5 (timm, torchvision), and TensorFlow's
//! `SAME` padding with epsilon 1e-3. The wrong one costs accuracy silently.

mod channels_last;
mod config;
mod conv_norm;
mod cost;
mod efficientnet;
mod freeze;
mod mbconv;
mod names;
mod parameters;
mod squeeze_excitation;
mod stochastic_depth;

pub use config::EfficientNetConfig;
pub use conv_norm::ConvNorm;
pub use efficientnet::EfficientNet;
pub use mbconv::{MbConv, MbConvConfig};
pub use squeeze_excitation::SqueezeExcitation;
pub use stochastic_depth::StochasticDepth;
