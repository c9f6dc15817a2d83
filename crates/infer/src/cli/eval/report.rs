//! From answers to everything that is printed and written.

use std::path::Path;

use contract::Contract;
use infer::{EvaluationTimes, Part, RunFacts, RunningOutcome, Validation};
use metrics::{ImageScores, RunningCalibration};

use super::answers::AnswerSource;
use super::outputs::OutputArgs;
use super::results::{EvalResults, Evaluated};
use super::temperature::{FittedTemperature, Temperature, ValidationLogits};
use crate::cli::data::Data;
use crate::cli::{Failure, Verbosity};

/// What is evaluated, and on what.
pub struct Subject<'a> {
    pub model: &'a Path,
    pub contract: &'a Contract,
    pub data: &'a Data,
    pub run: &'a RunFacts,
    pub validation: &'a Validation,
}

/// Takes the answers, prints the results and writes the files. Of each image
/// its scores are kept; logits only of those that a temperature is fitted on.
pub fn report(
    subject: &Subject<'_>,
    answers: &dyn AnswerSource,
    outputs: &OutputArgs,
    verbosity: Verbosity,
) -> Result<(), Failure> {
    let Subject { contract, data, .. } = *subject;
    let fitted = fit_before(subject.validation, answers)?;
    let temperature = match &fitted {
        Some(Ok(fitted)) => Some(fitted.temperature),
        _ => None,
    };
    let mut own_logits = fitted.is_none().then(ValidationLogits::default);

    let mut predictions = match &outputs.predictions {
        Some(file) => Some(file.create(contract, &data.split)?),
        None => None,
    };
    let mut running = RunningOutcome::new(&contract.classes);
    let mut scaled = RunningCalibration::default();
    let wall = answers.each(Part::Evaluated, &mut |answer| {
        running.add(answer);
        if let Some(temperature) = temperature {
            scaled.add(&ImageScores::new(answer.logits, answer.label, temperature));
        }
        if let Some(logits) = &mut own_logits {
            logits.add(answer);
        }
        match &mut predictions {
            Some(writer) => writer.write(answer),
            None => Ok(()),
        }
    })?;

    let temperature = match fitted {
        Some(fitted) => fitted.map(|fitted| Temperature::new(fitted, scaled.finish())),
        None => own_logits.unwrap_or_default().fit(None).map(|fitted| {
            let scaled = fitted.validation[1].clone();
            Temperature::new(fitted, scaled)
        }),
    };
    let evaluated = Evaluated {
        model: subject.model,
        contract,
        data,
        run: subject.run,
        outcome: &running.finish(EvaluationTimes {
            wall,
            ..EvaluationTimes::default()
        }),
        temperature: &temperature,
        seed: outputs.seed,
    };
    let results = EvalResults::new(&evaluated);
    outputs.write(&evaluated, &results, verbosity)?;
    if let Some(writer) = predictions {
        let path = writer.commit()?;
        verbosity.note(&format!("wrote {}", path.display()));
    }
    Ok(())
}

/// Fits the temperature on the validation split, before the evaluation, so that
/// images can be scored with it as they come. The inner error says why there is
/// none; `None` if it is to be fitted on the evaluated images.
fn fit_before(
    validation: &Validation,
    answers: &dyn AnswerSource,
) -> Result<Option<Result<FittedTemperature, String>>, Failure> {
    match validation {
        Validation::Evaluated => Ok(None),
        Validation::Without(reason) => Ok(Some(Err(reason.clone()))),
        Validation::Images(_) => {
            let mut logits = ValidationLogits::default();
            let time = answers.each(Part::Validation, &mut |answer| {
                logits.add(answer);
                Ok(())
            })?;
            Ok(Some(logits.fit(Some(time))))
        }
    }
}
