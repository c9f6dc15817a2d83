//! Values by epoch as lines.

use std::path::Path;

use plotters::prelude::{DrawingBackend, RGBColor, WHITE};
use plotters::style::text_anchor::HPos;

use crate::axis::Axis;
use crate::canvas::{Canvas, Drawn, Point};
use crate::error::ReportError;
use crate::output;
use crate::text::{self, INK};

/// One line of a plot.
#[derive(Clone, Debug, PartialEq)]
pub struct Curve {
    /// Name in the legend.
    pub label: String,
    /// `(epoch, value)` in the order of drawing. Points that are NaN or
    /// infinite are left out.
    pub points: Vec<(f64, f64)>,
}

/// Width and height in pixels.
const SIZE: (u32, u32) = (1200, 800);
const WIDTH: f64 = SIZE.0 as f64;
const HEIGHT: f64 = SIZE.1 as f64;
/// Space on the left of, right of and below the chart.
const LEFT: f64 = 110.0;
const RIGHT: f64 = 40.0;
const BELOW: f64 = 80.0;
/// Beyond this many points a line is smooth enough without markers.
const MARKED: usize = 60;
const GRID: RGBColor = RGBColor(0xe3, 0xe3, 0xe3);
/// Okabe and Ito's colours, which the colour-blind can tell apart too.
const COLOURS: [RGBColor; 6] = [
    RGBColor(0x00, 0x72, 0xb2),
    RGBColor(0xd5, 0x5e, 0x00),
    RGBColor(0x00, 0x9e, 0x73),
    RGBColor(0xcc, 0x79, 0xa7),
    RGBColor(0xe6, 0x9f, 0x00),
    RGBColor(0x56, 0xb4, 0xe9),
];

/// Plots `curves` by epoch as `<path_without_ext>.png` (1200 x 800 pixels)
/// and `<path_without_ext>.svg`, with `title` above, `y_label` beside the
/// vertical axis and a legend. Every point has a marker (up to 60 a curve),
/// so a single epoch shows too; without any point the axes say so.
///
/// # Errors
/// [`ReportError`] if a file cannot be drawn or written; the folder must
/// exist.
pub fn write_curves(
    path_without_ext: &Path,
    title: &str,
    y_label: &str,
    curves: &[Curve],
) -> Result<(), ReportError> {
    let plot = Plot::new(title, y_label, curves);
    let path = output::with_suffix(path_without_ext, "png");
    let bytes = output::png(&path, SIZE, 4, |canvas| plot.draw(canvas))?;
    output::write(&path, &bytes)?;
    let path = output::with_suffix(path_without_ext, "svg");
    let svg = output::svg(&path, SIZE, |canvas| plot.draw(canvas))?;
    output::write(&path, svg.as_bytes())
}

/// The plot of [`write_curves`] as SVG text; `path` is named in errors.
pub(crate) fn svg(
    path: &Path,
    title: &str,
    y_label: &str,
    curves: &[Curve],
) -> Result<String, ReportError> {
    let plot = Plot::new(title, y_label, curves);
    output::svg(path, SIZE, |canvas| plot.draw(canvas))
}

/// A plot's content, the same for every kind of file.
struct Plot {
    title: String,
    y_label: String,
    curves: Vec<Curve>,
    epochs: Axis,
    values: Axis,
}

impl Plot {
    fn new(title: &str, y_label: &str, curves: &[Curve]) -> Self {
        let curves: Vec<Curve> = curves
            .iter()
            .map(|curve| Curve {
                label: text::clean(&curve.label).into_owned(),
                points: curve.points.iter().copied().filter(drawable).collect(),
            })
            .collect();
        let points = || curves.iter().flat_map(|curve| &curve.points);
        Self {
            title: text::clean(title).into_owned(),
            y_label: text::clean(y_label).into_owned(),
            epochs: Axis::of_epochs(points().map(|p| p.0)),
            values: Axis::of_values(points().map(|p| p.1)),
            curves,
        }
    }

    fn draw<DB: DrawingBackend>(&self, canvas: &Canvas<'_, DB>) -> Drawn<DB> {
        canvas.fill(WHITE)?;
        let title = text::fit(&self.title, 28.0, SIZE.0 - 40);
        canvas.text(&title, (WIDTH / 2.0, 36.0), 28.0, INK, HPos::Center)?;
        let mut y = 78.0;
        for row in self.legend_rows() {
            legend_row(canvas, &row, y)?;
            y += 28.0;
        }
        let frame = Frame {
            plot: self,
            top: y + 4.0,
        };
        frame.draw_axes(canvas)?;
        frame.draw_curves(canvas)
    }

    /// The legend in as many rows as it takes. It is above the chart, where it
    /// can never cover a curve.
    fn legend_rows(&self) -> Vec<Vec<LegendEntry>> {
        let limit = WIDTH - 80.0;
        let mut rows: Vec<Vec<LegendEntry>> = Vec::new();
        for (index, curve) in self.curves.iter().enumerate() {
            let label = text::fit(&curve.label, LEGEND_SIZE, (limit - SAMPLE) as u32);
            let width = SAMPLE + f64::from(text::width(&label, LEGEND_SIZE));
            let entry = LegendEntry {
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
}

/// A curve in the legend.
struct LegendEntry {
    /// The curve's number, which decides its colour and marker.
    index: usize,
    label: String,
    /// With its sample of the line.
    width: f64,
}

const LEGEND_SIZE: f64 = 20.0;
/// From the start of an entry to its label.
const SAMPLE: f64 = 44.0;
/// Between two entries.
const GAP: f64 = 32.0;

fn row_width(row: &[LegendEntry]) -> f64 {
    let widths: f64 = row.iter().map(|entry| entry.width).sum();
    widths + GAP * row.len().saturating_sub(1) as f64
}

fn legend_row<DB: DrawingBackend>(
    canvas: &Canvas<'_, DB>,
    row: &[LegendEntry],
    y: f64,
) -> Drawn<DB> {
    let mut x = (WIDTH - row_width(row)) / 2.0;
    for entry in row {
        let colour = colour(entry.index);
        canvas.path([(x, y), (x + 34.0, y)].into_iter(), colour)?;
        canvas.marker((x + 17.0, y), entry.index, colour)?;
        canvas.text(&entry.label, (x + SAMPLE, y), LEGEND_SIZE, INK, HPos::Left)?;
        x += entry.width + GAP;
    }
    Ok(())
}

fn colour(index: usize) -> RGBColor {
    COLOURS[index % COLOURS.len()]
}

/// The rectangle that the axes span.
struct Frame<'a> {
    plot: &'a Plot,
    top: f64,
}

impl Frame<'_> {
    fn bottom(&self) -> f64 {
        HEIGHT - BELOW
    }

    fn x(&self, epoch: f64) -> f64 {
        LEFT + self.plot.epochs.position(epoch) * (WIDTH - RIGHT - LEFT)
    }

    fn y(&self, value: f64) -> f64 {
        self.bottom() - self.plot.values.position(value) * (self.bottom() - self.top)
    }

    fn draw_axes<DB: DrawingBackend>(&self, canvas: &Canvas<'_, DB>) -> Drawn<DB> {
        let (top, bottom, right) = (self.top, self.bottom(), WIDTH - RIGHT);
        let (epochs, values) = (&self.plot.epochs, &self.plot.values);
        for &tick in &epochs.ticks {
            let x = self.x(tick).round();
            canvas.line((x, top), (x, bottom), GRID)?;
            canvas.line((x, bottom), (x, bottom + 7.0), INK)?;
            let label = epochs.label(tick);
            canvas.text(&label, (x, bottom + 20.0), 18.0, INK, HPos::Center)?;
        }
        for &tick in &values.ticks {
            let y = self.y(tick).round();
            canvas.line((LEFT, y), (right, y), GRID)?;
            canvas.line((LEFT - 7.0, y), (LEFT, y), INK)?;
            let label = values.label(tick);
            canvas.text(&label, (LEFT - 12.0, y), 18.0, INK, HPos::Right)?;
        }
        canvas.line((LEFT, top), (LEFT, bottom), INK)?;
        canvas.line((LEFT, bottom), (right, bottom), INK)?;
        let x = (LEFT + right) / 2.0;
        canvas.text("epoch", (x, HEIGHT - 26.0), 20.0, INK, HPos::Center)?;
        let y = (top + bottom) / 2.0;
        let y_label = text::fit(&self.plot.y_label, 20.0, (bottom - top) as u32);
        canvas.upward_text(&y_label, (26.0, y), 20.0, INK, HPos::Center)
    }

    fn draw_curves<DB: DrawingBackend>(&self, canvas: &Canvas<'_, DB>) -> Drawn<DB> {
        let at = |&(epoch, value): &Point| (self.x(epoch), self.y(value));
        for (index, curve) in self.plot.curves.iter().enumerate() {
            canvas.path(curve.points.iter().map(at), colour(index))?;
            if curve.points.len() <= MARKED {
                for point in &curve.points {
                    canvas.marker(at(point), index, colour(index))?;
                }
            }
        }
        if self.plot.curves.iter().all(|curve| curve.points.is_empty()) {
            let middle = (
                (LEFT + WIDTH - RIGHT) / 2.0,
                (self.top + self.bottom()) / 2.0,
            );
            canvas.text("no data", middle, 24.0, INK, HPos::Center)?;
        }
        Ok(())
    }
}

/// Finite, and far enough from the limits of `f64` that an axis around it is.
fn drawable(&(x, y): &(f64, f64)) -> bool {
    let largest = f64::from(f32::MAX);
    x.abs() <= largest && y.abs() <= largest
}
