//! From drawing commands to files.

use std::fmt::Display;
use std::io::Cursor;
use std::path::{Path, PathBuf};

use image::{ImageFormat, RgbImage, imageops};
use plotters::prelude::{BitMapBackend, IntoDrawingArea, SVGBackend};

use crate::canvas::{Canvas, Drawn};
use crate::error::ReportError;
use crate::text;

/// In a bitmap, plotters puts the baseline in the middle of a text's size and
/// centres as if the letters filled it; in an SVG it centres on the letters.
const BITMAP_SAG: f64 = 0.18;

/// Encodes a picture of `size` (width, height) as PNG, drawn as [`bitmap`] does.
pub(crate) fn png(
    path: &Path,
    size: (u32, u32),
    scale: u32,
    draw: impl FnOnce(&Canvas<'_, BitMapBackend<'_>>) -> Drawn<BitMapBackend<'static>>,
) -> Result<Vec<u8>, ReportError> {
    encode(path, &bitmap(path, size, scale, draw)?)
}

/// A picture of `size` (width, height). It is drawn `scale` times as large and
/// averaged down, as plotters places letters on whole pixels and draws some
/// shapes without antialiasing.
pub(crate) fn bitmap(
    path: &Path,
    size: (u32, u32),
    scale: u32,
    draw: impl FnOnce(&Canvas<'_, BitMapBackend<'_>>) -> Drawn<BitMapBackend<'static>>,
) -> Result<RgbImage, ReportError> {
    text::register().map_err(|reason| draw_error(path, reason))?;
    let large = (size.0 * scale, size.1 * scale);
    let mut picture = RgbImage::new(large.0, large.1);
    {
        let area = BitMapBackend::with_buffer(&mut picture, large).into_drawing_area();
        draw(&Canvas::new(&area, scale, BITMAP_SAG)).map_err(|error| draw_error(path, error))?;
        area.present().map_err(|error| draw_error(path, error))?;
    }
    if scale > 1 {
        picture = imageops::thumbnail(&picture, size.0, size.1);
    }
    Ok(picture)
}

/// A finished picture as PNG.
pub(crate) fn encode(path: &Path, picture: &RgbImage) -> Result<Vec<u8>, ReportError> {
    let mut bytes = Vec::new();
    picture
        .write_to(&mut Cursor::new(&mut bytes), ImageFormat::Png)
        .map_err(|error| draw_error(path, error))?;
    Ok(bytes)
}

/// The same as SVG text.
pub(crate) fn svg(
    path: &Path,
    size: (u32, u32),
    draw: impl FnOnce(&Canvas<'_, SVGBackend<'_>>) -> Drawn<SVGBackend<'static>>,
) -> Result<String, ReportError> {
    text::register().map_err(|reason| draw_error(path, reason))?;
    let mut picture = String::new();
    {
        let area = SVGBackend::with_string(&mut picture, size).into_drawing_area();
        draw(&Canvas::new(&area, 1, 0.0)).map_err(|error| draw_error(path, error))?;
        area.present().map_err(|error| draw_error(path, error))?;
    }
    Ok(picture)
}

/// Writes a finished file, whole or not at all.
pub(crate) fn write(path: &Path, bytes: &[u8]) -> Result<(), ReportError> {
    contract::fs::write_atomically(path, bytes).map_err(|source| ReportError::Write {
        path: path.to_owned(),
        source,
    })
}

/// `path` with `.extension` appended; other than `Path::with_extension` it
/// keeps the dots in a name like `loss.v1`.
pub(crate) fn with_suffix(path: &Path, extension: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".");
    name.push(extension);
    PathBuf::from(name)
}

/// The file `path` could not be drawn.
pub(crate) fn draw_error(path: &Path, reason: impl Display) -> ReportError {
    ReportError::Draw {
        path: path.to_owned(),
        reason: reason.to_string(),
    }
}
