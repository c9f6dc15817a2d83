//! The temperature that makes the model as sure as it is right.

use std::time::Duration;

use metrics::{Calibration, ImageScores, fit_temperature};
use report::ScaledCalibration;
use serde::Serialize;

use crate::Answer;

/// A fitted temperature and what it changes.
#[derive(Debug, Clone, Serialize)]
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
    /// A fitted temperature, and the calibration of the evaluated images at it.
    pub fn new(fitted: FittedTemperature, scaled: Calibration) -> Self {
        Self {
            value: fitted.temperature,
            images: fitted.images,
            fitted_on_evaluated_images: fitted.time.is_none(),
            seconds: fitted.time.unwrap_or_default().as_secs_f64(),
            scaled,
            validation: fitted.validation,
        }
    }

    /// A temperature that was fitted on the evaluated images.
    pub fn of_evaluated(fitted: FittedTemperature) -> Self {
        let [_, scaled] = fitted.validation.clone();
        Self::new(fitted, scaled)
    }

    /// For the reliability diagram.
    pub fn scaled_calibration(&self) -> ScaledCalibration {
        ScaledCalibration {
            temperature: self.value,
            calibration: self.scaled.clone(),
        }
    }

    /// Says where it comes from and what it took.
    pub fn fitted_on(&self) -> String {
        if self.fitted_on_evaluated_images {
            format!("fitted on these {} images", self.images)
        } else {
            format!(
                "fitted on {} validation images in {:.1} s",
                self.images, self.seconds
            )
        }
    }
}

/// A temperature, and the images that it was fitted on.
#[derive(Debug, Clone)]
pub struct FittedTemperature {
    /// What to divide the logits by, above 0.
    pub temperature: f64,
    images: usize,
    /// What running the model on them took; `None` if they are those evaluated.
    time: Option<Duration>,
    /// Their calibration, before and after.
    pub validation: [Calibration; 2],
}

/// The logits of the images that a temperature is fitted on.
#[derive(Debug, Clone, Default)]
pub struct ValidationLogits {
    /// Row-major `[images, classes]`.
    logits: Vec<f32>,
    labels: Vec<usize>,
}

impl ValidationLogits {
    /// Takes in one image.
    pub fn add(&mut self, answer: &Answer<'_>) {
        self.logits.extend_from_slice(answer.logits);
        self.labels.push(answer.label);
    }

    /// Fits the temperature; `time` is what running the model on these images
    /// took, `None` if they are those evaluated. The error says why there is no
    /// temperature.
    pub fn fit(&self, time: Option<Duration>) -> Result<FittedTemperature, String> {
        let temperature = fit_temperature(&self.logits, &self.labels)
            .ok_or("no validation images, or logits that are not finite")?;
        let calibration = |temperature| {
            let scores = ImageScores::of_images(&self.logits, &self.labels, temperature);
            Calibration::new(&scores)
        };
        Ok(FittedTemperature {
            temperature,
            images: self.labels.len(),
            time,
            validation: [calibration(1.0), calibration(temperature)],
        })
    }
}
