//! The preprocessing that a contract describes, implemented once.
//!
//! ```text
//! any picture --fit--> input size --Preprocessor--> normalised float32
//!   (outside the graph)          (what the graph does inside)
//! ```
//!
//! All resizing is OpenCV's `INTER_CUBIC`, which differs from what PIL and the
//! `image` crate call bicubic by up to 41 of 255 levels: never mix them. The
//! results are the same on every machine: sums are taken in a fixed order and
//! without fused multiply-add, whatever instructions the processor has.

mod cubic;
mod fit;
mod preprocessor;
mod resize;

pub use cubic::cubic_matrix;
pub use fit::fit;
pub use preprocessor::Preprocessor;
pub use resize::{TIE_BIAS, resize_cubic};
