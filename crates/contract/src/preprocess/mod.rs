//! The preprocessing that a contract describes, implemented once.
//!
//! ```text
//! any picture --fit--> input size --Preprocessor--> normalised float32
//!   (outside the graph)          (what the graph does inside)
//! ```
//!
//! A contract names the kernel that resizes ([`Resize`](crate::Resize)): OpenCV's
//! `INTER_CUBIC`, which graphs can do too, or Pillow's antialiased bicubic. They
//! differ by up to 41 of 255 levels: never mix them. The results are the same on
//! every machine, whatever instructions the processor has: OpenCV's sums are taken
//! in a fixed order and without fused multiply-add, Pillow's are integers.

mod cubic;
mod fit;
mod kernel;
mod pillow;
mod preprocessor;
mod rectangle;
mod resize;

pub use cubic::cubic_matrix;
pub use fit::fit;
pub use kernel::resize;
pub use pillow::{PillowFilter, resize_pillow};
pub use preprocessor::Preprocessor;
pub use rectangle::Rectangle;
pub use resize::{TIE_BIAS, resize_cubic};
