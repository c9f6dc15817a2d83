//! The temperature that makes the model as sure as it is right.

use dataset::Split;
use infer::EvaluationOutcome;
use metrics::{Calibration, fit_temperature};
use report::ScaledCalibration;
use serde::Serialize;

use crate::cli::Failure;
use crate::cli::data::SplitName;

/// A fitted temperature and what it changes.
#[derive(Serialize)]
pub struct Temperature {
    /// What to divide the logits by, above 0.
    pub value: f64,
    /// Validation images that it was fitted on.
    pub images: usize,
    /// Whether the scores below are those of the very images it was fitted on.
    pub fitted_on_evaluated_images: bool,
    /// What running the model on the validation images took; 0 when they are
    /// those that were evaluated.
    pub seconds: f64,
    /// Calibration of the evaluated images at this temperature.
    pub scaled: Calibration,
    /// Calibration of the validation images, before and after.
    pub validation: [Calibration; 2],
}

impl Temperature {
    /// For the reliability diagram.
    pub fn scaled_calibration(&self) -> ScaledCalibration {
        ScaledCalibration {
            temperature: self.value,
            calibration: self.scaled.clone(),
        }
    }
}

/// Fits the temperature on the validation split, which `evaluate` runs, unless
/// it is the `outcome`'s. The inner error says why there is no temperature.
pub fn fit(
    name: SplitName,
    outcome: &EvaluationOutcome,
    validation: &Result<Split, Failure>,
    evaluate: impl FnOnce(&Split) -> Result<EvaluationOutcome, Failure>,
) -> Result<Result<Temperature, String>, Failure> {
    if name == SplitName::Val {
        return Ok(fitted(outcome, outcome, true));
    }
    match validation {
        Ok(split) => Ok(fitted(&evaluate(split)?, outcome, false)),
        Err(reason) => Ok(Err(reason.to_string())),
    }
}

fn fitted(
    validation: &EvaluationOutcome,
    outcome: &EvaluationOutcome,
    same: bool,
) -> Result<Temperature, String> {
    let value = fit_temperature(&validation.logits, &validation.labels())
        .ok_or("no validation images, or logits that are not finite")?;
    let calibration =
        |outcome: &EvaluationOutcome, temperature| Calibration::new(&outcome.scores(temperature));
    Ok(Temperature {
        value,
        images: validation.predictions.len(),
        fitted_on_evaluated_images: same,
        seconds: if same {
            0.0
        } else {
            validation.times.wall.as_secs_f64()
        },
        scaled: calibration(outcome, value),
        validation: [calibration(validation, 1.0), calibration(validation, value)],
    })
}
