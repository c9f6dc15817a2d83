//! Lines over two axes, with a legend.

mod frame;
mod legend;

use std::path::Path;

use plotters::prelude::{DrawingBackend, RGBColor, WHITE};
use plotters::style::text_anchor::HPos;

use self::frame::Frame;
use crate::Curve;
use crate::axis::{Axis, Scale};
use crate::canvas::{Canvas, Drawn};
use crate::error::ReportError;
use crate::output;
use crate::text::{self, INK};

/// Width and height in pixels.
const SIZE: (u32, u32) = (1200, 800);
const WIDTH: f64 = SIZE.0 as f64;
const HEIGHT: f64 = SIZE.1 as f64;
/// Okabe and Ito's colours, which the colour-blind can tell apart too.
const COLOURS: [RGBColor; 6] = [
    RGBColor(0x00, 0x72, 0xb2),
    RGBColor(0xd5, 0x5e, 0x00),
    RGBColor(0x00, 0x9e, 0x73),
    RGBColor(0xcc, 0x79, 0xa7),
    RGBColor(0xe6, 0x9f, 0x00),
    RGBColor(0x56, 0xb4, 0xe9),
];

fn colour(index: usize) -> RGBColor {
    COLOURS[index % COLOURS.len()]
}

/// What is written beside an axis, and which numbers it is for.
pub(crate) struct AxisKind {
    label: String,
    scale: Scale,
}

impl AxisKind {
    pub(crate) fn new(label: &str, scale: Scale) -> Self {
        Self {
            label: text::clean(label).into_owned(),
            scale,
        }
    }
}

/// A plot's content, the same for every kind of file.
pub(crate) struct LinePlot {
    title: String,
    x_label: String,
    y_label: String,
    curves: Vec<Curve>,
    x: Axis,
    y: Axis,
}

impl LinePlot {
    /// `curves` over the axes `x` and `y`, without the points that these cannot show.
    pub(crate) fn new(title: &str, x: AxisKind, y: AxisKind, curves: &[Curve]) -> Self {
        let shown = |point: &(f64, f64)| x.scale.shows(point.0) && y.scale.shows(point.1);
        let curves: Vec<Curve> = curves
            .iter()
            .map(|curve| Curve {
                label: text::clean(&curve.label).into_owned(),
                points: curve.points.iter().copied().filter(shown).collect(),
            })
            .collect();
        let points = || curves.iter().flat_map(|curve| &curve.points);
        Self {
            title: text::clean(title).into_owned(),
            x: x.scale.axis(points().map(|point| point.0)),
            y: y.scale.axis(points().map(|point| point.1)),
            x_label: x.label,
            y_label: y.label,
            curves,
        }
    }

    /// Writes `<path_without_ext>.png` and `<path_without_ext>.svg`.
    pub(crate) fn write(&self, path_without_ext: &Path) -> Result<(), ReportError> {
        let path = output::with_suffix(path_without_ext, "png");
        let bytes = output::png(&path, SIZE, 4, |canvas| self.draw(canvas))?;
        output::write(&path, &bytes)?;
        let path = output::with_suffix(path_without_ext, "svg");
        output::write(&path, self.svg(&path)?.as_bytes())
    }

    /// The plot as SVG text; `path` is named in errors.
    pub(crate) fn svg(&self, path: &Path) -> Result<String, ReportError> {
        output::svg(path, SIZE, |canvas| self.draw(canvas))
    }

    fn draw<DB: DrawingBackend>(&self, canvas: &Canvas<'_, DB>) -> Drawn<DB> {
        canvas.fill(WHITE)?;
        let title = text::fit(&self.title, 28.0, SIZE.0 - 40);
        canvas.text(&title, (WIDTH / 2.0, 36.0), 28.0, INK, HPos::Center)?;
        let below = legend::draw(canvas, &self.curves, 78.0)?;
        let frame = Frame {
            plot: self,
            top: below + 4.0,
        };
        frame.draw_axes(canvas)?;
        frame.draw_curves(canvas)
    }
}
