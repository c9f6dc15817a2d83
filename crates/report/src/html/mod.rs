//! The HTML report: one file that shows everything about an evaluation.

mod data_page;
mod script_data;
mod template;

pub use data_page::{DataItem, DataPage, DataSection, write_data_page};

use std::path::Path;

use askama::Template as _;
use contract::Superclasses;
use metrics::{Calibration, Evaluation, Headline};

use crate::output::{self, draw_error};
use crate::{Curve, Picture, ReportError, ScaledCalibration};

/// What the report shows. Text may hold anything: it is escaped.
#[derive(Clone, Debug)]
pub struct EvaluationPage<'a> {
    /// Model, data set and split, in one line.
    pub title: &'a str,
    /// Names and values of what one has to know about the run.
    pub facts: &'a [(&'static str, String)],
    /// What the training run has to say of itself, if known.
    pub findings: &'a [String],
    /// The figures with their intervals.
    pub headline: &'a Headline,
    /// Confusion matrix and scores of each class.
    pub evaluation: &'a Evaluation,
    /// Groups of the classes, where there are any.
    pub superclasses: Option<&'a Superclasses>,
    /// Calibration of the model as exported.
    pub calibration: &'a Calibration,
    /// Calibration at the temperature fitted on other images.
    pub scaled: Option<&'a ScaledCalibration>,
    /// Learning curves of the run, if known.
    pub curves: &'a [CurvePlot],
    /// Pictures drawn at random.
    pub grid: &'a [Picture],
    /// Wrong predictions drawn at random.
    pub errors: &'a [Picture],
    /// Wrong predictions with the highest confidence, highest first.
    pub confident_errors: &'a [Picture],
}

/// A plot of values by epoch.
#[derive(Clone, Debug)]
pub struct CurvePlot {
    /// Written above.
    pub title: String,
    /// Written beside the vertical axis.
    pub y_label: String,
    /// The lines.
    pub curves: Vec<Curve>,
}

/// Writes the report to the HTML file `path`. The file holds its pictures,
/// style and script, so it opens anywhere without a network; it follows the
/// reader's choice of light or dark, and prints. It stays below 5 MB for 100
/// classes and the 64 pictures that `infer eval` puts in: pictures are reduced
/// to 96 pixels a side.
///
/// # Errors
/// [`ReportError`] if a plot cannot be drawn or the file not be written; the
/// folder must exist.
pub fn write_html(path: &Path, page: &EvaluationPage<'_>) -> Result<(), ReportError> {
    let html = template::Report::new(path, page)?
        .render()
        .map_err(|error| draw_error(path, error))?;
    output::write(path, html.as_bytes())
}
