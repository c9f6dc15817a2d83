//! The learning rate by step.

use std::path::Path;

use crate::Curve;
use crate::axis::Scale;
use crate::error::ReportError;
use crate::plot::{AxisKind, LinePlot};

/// Plots a run's learning rate by step, `points` = `(step, rate)`, as
/// `<path_without_ext>.png` and `<path_without_ext>.svg` with `title` above. The
/// vertical axis is logarithmic: rates that are not positive are left out.
///
/// # Errors
/// [`ReportError`] if a file cannot be drawn or written; the folder must
/// exist.
pub fn write_learning_rate(
    path_without_ext: &Path,
    title: &str,
    points: &[(f64, f64)],
) -> Result<(), ReportError> {
    let curve = Curve {
        label: "learning rate".to_owned(),
        points: points.to_vec(),
    };
    let steps = AxisKind::new("step", Scale::WholeNumbers);
    let rates = AxisKind::new("learning rate", Scale::Logarithmic);
    LinePlot::new(title, steps, rates, &[curve]).write(path_without_ext)
}
