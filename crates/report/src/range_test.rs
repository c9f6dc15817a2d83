//! What a learning-rate range test found.

use std::path::Path;

use metrics::RangeTest;

use crate::Curve;
use crate::axis::Scale;
use crate::error::ReportError;
use crate::plot::{AxisKind, LinePlot};

/// Plots the smoothed loss of `test` by learning rate, on a logarithmic axis, as
/// `<path_without_ext>.png` and `<path_without_ext>.svg` with `title` above. The
/// suggestions `valley` and `steep` are marked on the curve and named with their
/// rates in the legend.
///
/// # Errors
/// [`ReportError`] if a file cannot be drawn or written; the folder must
/// exist.
pub fn write_range_test(
    path_without_ext: &Path,
    title: &str,
    test: &RangeTest,
) -> Result<(), ReportError> {
    let mut curves = vec![Curve {
        label: "smoothed loss".to_owned(),
        points: test.points().to_vec(),
    }];
    for (name, suggestion) in [("valley", test.valley()), ("steep", test.steep())] {
        let point = test
            .points()
            .iter()
            .find(|(rate, _)| Some(*rate) == suggestion);
        curves.extend(point.map(|&(rate, loss)| Curve {
            label: format!("{name}: {rate:.2e}"),
            points: vec![(rate, loss)],
        }));
    }
    let rates = AxisKind::new("learning rate", Scale::Logarithmic);
    let losses = AxisKind::new("loss", Scale::Values);
    LinePlot::new(title, rates, losses, &curves).write(path_without_ext)
}
