//! Pillow's `Image.resize`: antialiased, what torchvision does to photos and
//! what most published weights were trained with.

mod passes;
mod rows;
mod transpose;
mod weights;

use self::passes::{across, down};
use self::rows::Rows;
use self::weights::Weights;
use super::Rectangle;

/// Values a pixel: red, green, blue.
const CHANNELS: usize = 3;

/// A filter of Pillow's `Image.resize`. Where a picture gets smaller its support
/// grows by the same factor, so that every pixel counts (antialiasing).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PillowFilter {
    /// `Image.Resampling.BILINEAR`: a triangle over two pixels.
    Bilinear,
    /// `Image.Resampling.BICUBIC`: Keys' cubic with a = -0.5, over four pixels.
    Bicubic,
}

/// Cuts `part` out of an RGB picture and resizes it, as Pillow 13's
/// `image.crop(part).resize(to, filter)` does: byte for byte, on every machine.
///
/// `pixels` is row-major `[height, width, 3]`, `size` its `[height, width]` and
/// `to` that of the result. Nothing outside of `part` has an influence.
///
/// # Panics
/// If a size is 0, `pixels` is not height * width * 3 long, or `part` reaches
/// out of the picture.
pub fn resize_pillow(
    pixels: &[u8],
    size: [usize; 2],
    part: Rectangle,
    to: [usize; 2],
    filter: PillowFilter,
) -> Vec<u8> {
    resize_window(pixels, size, part, to, Rectangle::whole(to), filter)
}

/// The rectangle `window` of what [`resize_pillow`] would give, without
/// computing the rest.
///
/// `fast_image_resize` is up to three times as fast on large pictures, but has an order of its
/// own for the two passes, each of which rounds: 9 to 64 % of its bytes differ from
/// Pillow's, at sharp edges by many levels. In Pillow's order it still has 0.1 to
/// 0.8 % of them off, for its weights have 16 bits.
pub(super) fn resize_window(
    pixels: &[u8],
    size: [usize; 2],
    part: Rectangle,
    to: [usize; 2],
    window: Rectangle,
    filter: PillowFilter,
) -> Vec<u8> {
    assert_eq!(
        pixels.len(),
        size[0] * size[1] * CHANNELS,
        "bytes of a {size:?} RGB picture"
    );
    part.assert_inside(size);
    window.assert_inside(to);
    let rows = Weights::new(part.height, to[0], window.rows(), filter);
    let columns = Weights::new(part.width, to[1], window.columns(), filter);
    let first = [
        part.top + rows.span().start,
        part.left + columns.span().start,
    ];
    let source = Rows {
        bytes: &pixels[(first[0] * size[1] + first[1]) * CHANNELS..],
        stride: size[1] * CHANNELS,
        length: columns.span().len() * CHANNELS,
        count: rows.span().len(),
    };
    if height_first([part.height, part.width], to) {
        let low = down(&source, &rows);
        across(&Rows::contiguous(&low, source.length), &columns)
    } else {
        let narrow = across(&source, &columns);
        down(&Rows::contiguous(&narrow, window.width * CHANNELS), &rows)
    }
}

/// Whether Pillow resizes along the height first: it does where that saves more than
/// twice as many rows as columns. (Pillow before 13 never did: the same but for what
/// the rounding in between is worth.)
fn height_first(from: [usize; 2], to: [usize; 2]) -> bool {
    let saved = [0, 1].map(|axis| from[axis] as i64 - to[axis] as i64);
    saved[0] > 0 && saved[0] > 2 * saved[1]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_height_goes_first_where_it_shrinks_most() {
        assert!(height_first([150, 90], [48, 48]));
        assert!(height_first([40, 30], [20, 60]));
        assert!(!height_first([40, 30], [50, 20]));
        assert!(!height_first([40, 30], [20, 20]));
        assert!(!height_first([30, 30], [60, 60]));
    }
}
