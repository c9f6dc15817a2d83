//! The HTML report and the grid of pictures.

use std::path::Path;

use dataset::DatasetError;
use report::{CurvePlot, EvaluationPage, Picture};

use super::{EvalResults, Evaluated, ResultsError, pictures};
use crate::Prediction;

/// Pictures of the grid: 4 x 4.
const GRID: usize = 16;
/// Pictures of each gallery of errors.
const GALLERY: usize = 24;

/// Writes 16 pictures drawn at random, with their labels and predictions, as PNG.
///
/// # Errors
/// A picture cannot be read, or the file not be written.
pub fn write_grid(
    path: &Path,
    evaluated: &Evaluated<'_>,
    results: &EvalResults<'_>,
) -> Result<(), ResultsError> {
    Ok(report::write_grid_png(
        path,
        &results.title(),
        &grid(evaluated)?,
    )?)
}

/// Writes the HTML report, with these `curves` of the training if there are any.
///
/// # Errors
/// A picture cannot be read, or the file not be written.
pub fn write_html(
    path: &Path,
    evaluated: &Evaluated<'_>,
    results: &EvalResults<'_>,
    curves: &[CurvePlot],
) -> Result<(), ResultsError> {
    let worst = evaluated.outcome.worst_errors();
    let drawn = pictures::draw(&worst, GALLERY, evaluated.seed);
    let surest = &worst[..worst.len().min(GALLERY)];
    let scaled = results.temperature.map(|t| t.scaled_calibration());
    let page = EvaluationPage {
        title: &results.title(),
        facts: &facts(results),
        findings: evaluated.findings,
        headline: &results.headline,
        evaluation: results.evaluation,
        superclasses: evaluated.contract.superclasses.as_ref(),
        calibration: &results.calibration,
        scaled: scaled.as_ref(),
        curves,
        grid: &grid(evaluated)?,
        errors: &pictures::read(evaluated, &drawn)?,
        confident_errors: &pictures::read(evaluated, surest)?,
    };
    Ok(report::write_html(path, &page)?)
}

fn grid(evaluated: &Evaluated<'_>) -> Result<Vec<Picture>, DatasetError> {
    let all: Vec<&Prediction> = evaluated.outcome.predictions.iter().collect();
    pictures::read(evaluated, &pictures::draw(&all, GRID, evaluated.seed))
}

fn facts(results: &EvalResults<'_>) -> Vec<(&'static str, String)> {
    let mut facts = vec![
        ("Model", results.model.path.display().to_string()),
        (
            "Network",
            format!(
                "{}, {} parameters, {} classes",
                results.model.architecture,
                results.model.parameters,
                results.classes.len()
            ),
        ),
        (
            "Data set",
            format!(
                "{}, {} split, {} images",
                results.dataset.name, results.dataset.split, results.evaluation.images
            ),
        ),
        (
            "Ran on",
            format!(
                "{}, ONNX Runtime {}, {:.1} img/s",
                results.provider, results.runtime.version, results.images_per_second
            ),
        ),
    ];
    if let Some(temperature) = results.temperature {
        facts.push((
            "Temperature",
            format!("{:.4}, {}", temperature.value, temperature.fitted_on()),
        ));
    }
    facts
}
