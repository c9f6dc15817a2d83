//! From answers to an outcome and a temperature.

use contract::Contract;
use metrics::{ImageScores, RunningCalibration};

use super::temperature::{FittedTemperature, Temperature, ValidationLogits};
use crate::{Answer, EvaluationOutcome, EvaluationTimes, RunningOutcome};

/// Results gathered answer by answer. Of each image its scores are kept; logits only where
/// a temperature is to be fitted on the very images that are evaluated.
pub struct RunningResults {
    outcome: RunningOutcome,
    fitted: Option<Result<FittedTemperature, String>>,
    /// Scores with the fitted temperature.
    scaled: RunningCalibration,
    own_logits: ValidationLogits,
}

impl RunningResults {
    /// No answers yet of a model with this contract. `fitted` is the temperature, fitted
    /// on other images, or why there is none; `None` if it is to be fitted on the images
    /// that are evaluated.
    pub fn new(contract: &Contract, fitted: Option<Result<FittedTemperature, String>>) -> Self {
        Self {
            outcome: RunningOutcome::new(&contract.classes),
            fitted,
            scaled: RunningCalibration::default(),
            own_logits: ValidationLogits::default(),
        }
    }

    /// Takes in one image.
    ///
    /// # Panics
    /// If there is not one logit for each class, or the label is not a class.
    pub fn add(&mut self, answer: &Answer<'_>) {
        self.outcome.add(answer);
        match &self.fitted {
            Some(Ok(fitted)) => {
                let scores = ImageScores::new(answer.logits, answer.label, fitted.temperature);
                self.scaled.add(&scores);
            }
            Some(Err(_)) => {}
            None => self.own_logits.add(answer),
        }
    }

    /// The outcome over all images taken in, and the temperature with what it changes, or
    /// why there is none.
    pub fn finish(
        self,
        times: EvaluationTimes,
    ) -> (EvaluationOutcome, Result<Temperature, String>) {
        let temperature = match self.fitted {
            Some(fitted) => fitted.map(|fitted| Temperature::new(fitted, self.scaled.finish())),
            None => self.own_logits.fit(None).map(Temperature::of_evaluated),
        };
        (self.outcome.finish(times), temperature)
    }
}
