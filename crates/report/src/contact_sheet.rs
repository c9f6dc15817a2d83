//! Images side by side, to be looked through.

use std::path::Path;

use image::{RgbImage, imageops};
use plotters::prelude::WHITE;
use plotters::style::text_anchor::HPos;

use crate::error::ReportError;
use crate::output;
use crate::scale;
use crate::text::{self, INK};

/// Longest side of an image on the sheet, in pixels.
const SIDE: u32 = 160;
/// Between images and at the edges.
const GAP: u32 = 8;
const TITLE: f64 = 22.0;
const CAPTION: f64 = 14.0;
/// Height of the line of text below an image.
const CAPTION_LINE: u32 = 22;

/// An image of a contact sheet.
#[derive(Clone, Debug)]
pub struct Tile {
    /// The image, of any size.
    pub image: RgbImage,
    /// What stands below it; may be empty.
    pub caption: String,
}

/// Draws `tiles` to the PNG file `path`, row by row in `columns` columns (1 or
/// more), under `title`. Images are brought to 160 pixels on their longer side:
/// small ones by repeating whole pixels, so that each one can be seen, large
/// ones by averaging. Captions that are too long are cut with an ellipsis;
/// without any, images stand closer.
///
/// # Errors
/// [`ReportError`] if the file cannot be drawn or written; the folder must exist.
///
/// # Panics
/// If `columns` is 0.
pub fn write_contact_sheet_png(
    path: &Path,
    title: &str,
    tiles: &[Tile],
    columns: usize,
) -> Result<(), ReportError> {
    assert!(columns > 0, "a contact sheet without columns");
    let sheet = Sheet::new(tiles, columns as u32);
    let size = sheet.size(tiles.len() as u32);
    let mut picture = output::bitmap(path, size, 2, |canvas| {
        canvas.fill(WHITE)?;
        let title = text::fit(title, TITLE, size.0 - 2 * GAP);
        let at = (f64::from(GAP), f64::from(GAP) + TITLE / 2.0);
        canvas.text(&title, at, TITLE, INK, HPos::Left)?;
        for (index, tile) in (0..).zip(tiles) {
            let (x, y) = sheet.corner(index);
            let caption = text::fit(&tile.caption, CAPTION, SIDE);
            let at = (
                f64::from(x + SIDE / 2),
                f64::from(y + SIDE + CAPTION_LINE / 2),
            );
            canvas.text(&caption, at, CAPTION, INK, HPos::Center)?;
        }
        Ok(())
    })?;
    for (index, tile) in (0..).zip(tiles) {
        let scaled = scale::to_side(&tile.image, SIDE);
        let (x, y) = sheet.corner(index);
        let left = x + (SIDE - scaled.width()) / 2;
        let above = y + (SIDE - scaled.height()) / 2;
        imageops::replace(&mut picture, &scaled, left.into(), above.into());
    }
    output::write(path, &output::encode(path, &picture)?)
}

/// Where the tiles are, in pixels.
struct Sheet {
    columns: u32,
    row_height: u32,
    top: u32,
}

impl Sheet {
    fn new(tiles: &[Tile], columns: u32) -> Self {
        let captions = tiles.iter().any(|tile| !tile.caption.is_empty());
        Self {
            columns,
            row_height: SIDE + if captions { CAPTION_LINE } else { GAP },
            top: 2 * GAP + TITLE as u32,
        }
    }

    /// Width and height.
    fn size(&self, tiles: u32) -> (u32, u32) {
        (
            GAP + self.columns * (SIDE + GAP),
            self.top + tiles.div_ceil(self.columns) * self.row_height,
        )
    }

    /// The upper left corner of a tile.
    fn corner(&self, index: u32) -> (u32, u32) {
        (
            GAP + index % self.columns * (SIDE + GAP),
            self.top + index / self.columns * self.row_height,
        )
    }
}
