//! The legend: above the chart, where it can never cover a curve.

use plotters::prelude::{DrawingAreaErrorKind, DrawingBackend};
use plotters::style::text_anchor::HPos;

use super::{WIDTH, colour};
use crate::Curve;
use crate::canvas::{Canvas, Drawn};
use crate::text::{self, INK};

const SIZE: f64 = 20.0;
const ROW_HEIGHT: f64 = 28.0;
/// From the start of an entry to its label.
const SAMPLE: f64 = 44.0;
/// Between two entries.
const GAP: f64 = 32.0;

/// A curve in the legend.
struct Entry {
    /// The curve's number, which decides its colour and marker.
    index: usize,
    label: String,
    /// With its sample of the line.
    width: f64,
}

/// Draws the legend of `curves` from height `y` on, in as many rows as it takes,
/// and gives the height below them.
pub(super) fn draw<DB: DrawingBackend>(
    canvas: &Canvas<'_, DB>,
    curves: &[Curve],
    mut y: f64,
) -> Result<f64, DrawingAreaErrorKind<DB::ErrorType>> {
    for row in rows(curves) {
        draw_row(canvas, &row, y)?;
        y += ROW_HEIGHT;
    }
    Ok(y)
}

fn rows(curves: &[Curve]) -> Vec<Vec<Entry>> {
    let limit = WIDTH - 80.0;
    let mut rows: Vec<Vec<Entry>> = Vec::new();
    for (index, curve) in curves.iter().enumerate() {
        let label = text::fit(&curve.label, SIZE, (limit - SAMPLE) as u32);
        let width = SAMPLE + f64::from(text::width(&label, SIZE));
        let entry = Entry {
            index,
            label,
            width,
        };
        match rows.last_mut() {
            Some(row) if row_width(row) + GAP + width <= limit => row.push(entry),
            _ => rows.push(vec![entry]),
        }
    }
    rows
}

fn row_width(row: &[Entry]) -> f64 {
    let widths: f64 = row.iter().map(|entry| entry.width).sum();
    widths + GAP * row.len().saturating_sub(1) as f64
}

fn draw_row<DB: DrawingBackend>(canvas: &Canvas<'_, DB>, row: &[Entry], y: f64) -> Drawn<DB> {
    let mut x = (WIDTH - row_width(row)) / 2.0;
    for entry in row {
        let colour = colour(entry.index);
        canvas.path([(x, y), (x + 34.0, y)].into_iter(), colour)?;
        canvas.marker((x + 17.0, y), entry.index, colour)?;
        canvas.text(&entry.label, (x + SAMPLE, y), SIZE, INK, HPos::Left)?;
        x += entry.width + GAP;
    }
    Ok(())
}
