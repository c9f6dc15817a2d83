//! Values by epoch as lines.

use std::path::Path;

use crate::axis::Scale;
use crate::error::ReportError;
use crate::plot::{AxisKind, LinePlot};

/// One line of a plot.
#[derive(Clone, Debug, PartialEq)]
pub struct Curve {
    /// Name in the legend.
    pub label: String,
    /// `(epoch, value)` in the order of drawing. Points that are NaN or
    /// infinite are left out.
    pub points: Vec<(f64, f64)>,
}

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
    plot(title, y_label, curves).write(path_without_ext)
}

/// The plot of [`write_curves`] as SVG text; `path` is named in errors.
pub(crate) fn svg(
    path: &Path,
    title: &str,
    y_label: &str,
    curves: &[Curve],
) -> Result<String, ReportError> {
    plot(title, y_label, curves).svg(path)
}

fn plot(title: &str, y_label: &str, curves: &[Curve]) -> LinePlot {
    let epochs = AxisKind::new("epoch", Scale::WholeNumbers);
    LinePlot::new(title, epochs, AxisKind::new(y_label, Scale::Values), curves)
}
