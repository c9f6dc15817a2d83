//! Resizing by the kernel that a contract names.

use super::pillow::{self, PillowFilter};
use super::{Rectangle, resize as opencv};
use crate::Resize;

/// Values a pixel: red, green, blue.
const CHANNELS: usize = 3;

/// Resizes an RGB picture by `kernel`: `pixels` is row-major `[height, width, 3]`,
/// `from` its `[height, width]` and `to` that of the result.
///
/// # Panics
/// If a size is 0 or `pixels` is not height * width * 3 long.
pub fn resize(pixels: &[u8], from: [usize; 2], to: [usize; 2], kernel: Resize) -> Vec<u8> {
    resize_window(pixels, from, to, Rectangle::whole(to), kernel)
}

/// The rectangle `window` of what [`resize`] would give, without computing the rest.
pub(super) fn resize_window(
    pixels: &[u8],
    from: [usize; 2],
    to: [usize; 2],
    window: Rectangle,
    kernel: Resize,
) -> Vec<u8> {
    match kernel {
        Resize::OpencvCubic => {
            let corner = [window.top, window.left];
            let size = [window.height, window.width];
            opencv::resize_window(pixels, from, CHANNELS, to, corner, size)
        }
        Resize::PillowBicubic => {
            let whole = Rectangle::whole(from);
            pillow::resize_window(pixels, from, whole, to, window, PillowFilter::Bicubic)
        }
    }
}
