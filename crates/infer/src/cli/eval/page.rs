//! The files of `--html` and `--grid`.

use std::path::Path;

use infer::Prediction;
use report::{EvaluationPage, Picture};

use super::results::{EvalResults, Evaluated};
use super::{history, pictures, text};
use crate::cli::{Failure, Verbosity};

/// Pictures of the grid: 4 x 4.
const GRID: usize = 16;
/// Pictures of each gallery of errors.
const GALLERY: usize = 24;

/// Writes the grid of pictures as PNG.
pub fn write_grid(
    path: &Path,
    evaluated: &Evaluated<'_>,
    results: &EvalResults<'_>,
) -> Result<(), Failure> {
    Ok(report::write_grid_png(
        path,
        &results.title(),
        &grid(evaluated)?,
    )?)
}

/// Writes the HTML report.
pub fn write_html(
    path: &Path,
    evaluated: &Evaluated<'_>,
    results: &EvalResults<'_>,
    verbosity: Verbosity,
) -> Result<(), Failure> {
    let curves = history::curves(evaluated.model).unwrap_or_else(|reason| {
        verbosity.note(&format!("no learning curves: {reason}"));
        Vec::new()
    });
    let worst = evaluated.outcome.worst_errors();
    let drawn = pictures::draw(&worst, GALLERY, evaluated.seed);
    let surest = &worst[..worst.len().min(GALLERY)];
    let scaled = results.temperature.map(|t| t.scaled_calibration());
    let page = EvaluationPage {
        title: &results.title(),
        facts: &facts(results),
        headline: &results.headline,
        evaluation: results.evaluation,
        superclasses: evaluated.contract.superclasses.as_ref(),
        calibration: &results.calibration,
        scaled: scaled.as_ref(),
        curves: &curves,
        grid: &grid(evaluated)?,
        errors: &pictures::read(evaluated, &drawn)?,
        confident_errors: &pictures::read(evaluated, surest)?,
    };
    Ok(report::write_html(path, &page)?)
}

fn grid(evaluated: &Evaluated<'_>) -> Result<Vec<Picture>, Failure> {
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
            format!("{:.4}, {}", temperature.value, text::fitted_on(temperature)),
        ));
    }
    facts
}
