//! Pictures in a square grid, each with its true and its predicted class.

use std::path::Path;

use image::imageops;
use plotters::prelude::{DrawingBackend, RGBColor, WHITE};
use plotters::style::text_anchor::HPos;

use crate::Picture;
use crate::canvas::{Canvas, Drawn};
use crate::error::ReportError;
use crate::output;
use crate::scale;
use crate::text::{self, INK};

/// Side of a picture, in pixels.
const SIDE: u32 = 200;
const MARGIN: u32 = 24;
const TITLE: f64 = 26.0;
const CAPTION: f64 = 17.0;
/// Below a picture: two lines of text.
const CAPTIONS: u32 = 56;
const RIGHT: RGBColor = RGBColor(0x00, 0x6d, 0x4e);
const WRONG: RGBColor = RGBColor(0xb8, 0x38, 0x00);

/// Draws `pictures` to the PNG file `path`, row by row in a grid as wide as it
/// is high (16 pictures: 4x4), under `title`. Below each picture stands its true
/// class, and the predicted class with its probability: green when right, red
/// and marked when wrong.
///
/// # Errors
/// [`ReportError`] if the file cannot be drawn or written; the folder must exist.
pub fn write_grid_png(path: &Path, title: &str, pictures: &[Picture]) -> Result<(), ReportError> {
    let columns = (pictures.len() as f64).sqrt().ceil().max(1.0) as u32;
    let rows = (pictures.len() as u32).div_ceil(columns);
    let top = MARGIN + TITLE as u32 + MARGIN;
    let size = (
        MARGIN + columns * (SIDE + MARGIN),
        top + rows * (SIDE + CAPTIONS),
    );
    let corner = |index: usize| {
        let index = index as u32;
        (
            MARGIN + index % columns * (SIDE + MARGIN),
            top + index / columns * (SIDE + CAPTIONS),
        )
    };
    let mut grid = output::bitmap(path, size, 2, |canvas| {
        canvas.fill(WHITE)?;
        let title = text::fit(title, TITLE, size.0 - 2 * MARGIN);
        let middle = f64::from(size.0) / 2.0;
        let y = f64::from(MARGIN) + TITLE / 2.0;
        canvas.text(&title, (middle, y), TITLE, INK, HPos::Center)?;
        for (index, picture) in pictures.iter().enumerate() {
            captions(canvas, corner(index), picture)?;
        }
        Ok(())
    })?;
    for (index, picture) in pictures.iter().enumerate() {
        let scaled = scale::to_side(&picture.pixels, SIDE);
        let (x, y) = corner(index);
        let left = x + (SIDE - scaled.width()) / 2;
        let above = y + (SIDE - scaled.height()) / 2;
        imageops::replace(&mut grid, &scaled, left.into(), above.into());
    }
    output::write(path, &output::encode(path, &grid)?)
}

fn captions<DB: DrawingBackend>(
    canvas: &Canvas<'_, DB>,
    (x, y): (u32, u32),
    picture: &Picture,
) -> Drawn<DB> {
    let middle = f64::from(x + SIDE / 2);
    let below = f64::from(y + SIDE);
    let label = text::fit(&format!("true: {}", picture.label), CAPTION, SIDE);
    canvas.text(&label, (middle, below + 14.0), CAPTION, INK, HPos::Center)?;
    let (mark, colour) = if picture.is_correct() {
        ("", RIGHT)
    } else {
        ("≠ ", WRONG)
    };
    let percent = format!(" ({:.0} %)", 100.0 * picture.confidence);
    let room = SIDE.saturating_sub(text::width(&percent, CAPTION));
    let predicted = text::fit(&format!("{mark}{}", picture.predicted), CAPTION, room);
    let line = predicted + &percent;
    canvas.text(&line, (middle, below + 34.0), CAPTION, colour, HPos::Center)
}
