//! From answers to everything that is printed and written.

use std::path::Path;

use contract::Contract;
use infer::results::{
    EvalResults, Evaluated, EvaluatedSplit, FittedTemperature, RunningResults, ValidationLogits,
};
use infer::{EvaluationTimes, Part, RunFacts, Validation};

use super::answers::AnswerSource;
use super::outputs::OutputArgs;
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

/// Takes the answers, prints the results and writes the files.
pub fn report(
    subject: &Subject<'_>,
    answers: &dyn AnswerSource,
    outputs: &OutputArgs,
    verbosity: Verbosity,
) -> Result<(), Failure> {
    let Subject { contract, data, .. } = *subject;
    let fitted = fit_before(subject.validation, answers)?;
    let mut predictions = match &outputs.predictions {
        Some(file) => Some(file.create(contract, &data.split)?),
        None => None,
    };
    let mut running = RunningResults::new(contract, fitted);
    let wall = answers.each(Part::Evaluated, &mut |answer| {
        running.add(answer);
        match &mut predictions {
            Some(writer) => writer.write(answer),
            None => Ok(()),
        }
    })?;
    let (outcome, temperature) = running.finish(EvaluationTimes {
        wall,
        ..EvaluationTimes::default()
    });
    let evaluated = Evaluated {
        model: subject.model,
        contract,
        split: EvaluatedSplit {
            dataset: &data.name,
            sha256: &data.sha256,
            name: data.split_name.as_str(),
            matches_training: data.matches_training,
            images: &data.split,
        },
        run: subject.run,
        outcome: &outcome,
        temperature: &temperature,
        findings: &[],
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
