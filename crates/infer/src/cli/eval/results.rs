//! Everything that `infer eval` found out, as one document.

use std::path::Path;

use contract::{Contract, Superclasses};
use infer::{EvaluationOutcome, Prediction, RunFacts, RuntimeFacts};
use metrics::{
    BOOTSTRAP_RESAMPLES, CONFIDENCE_LEVEL, Calibration, ConfusionMatrix, Evaluation, Headline,
};
use serde::Serialize;

use super::temperature::Temperature;
use crate::cli::data::Data;

/// Pairs of classes and errors that are listed.
const LISTED: usize = 20;

/// A model that was run on a split.
pub struct Evaluated<'a> {
    pub model: &'a Path,
    pub contract: &'a Contract,
    pub data: &'a Data,
    pub run: &'a RunFacts,
    pub outcome: &'a EvaluationOutcome,
    /// Or why there is none.
    pub temperature: &'a Result<Temperature, String>,
    /// Of the bootstrap and of the pictures drawn at random.
    pub seed: u64,
}

/// The results; serialised, they are the document that `--json` prints.
#[derive(Serialize)]
pub struct EvalResults<'a> {
    pub model: ModelFacts<'a>,
    pub dataset: DatasetFacts<'a>,
    /// ONNX Runtime's name of the execution provider that ran.
    pub provider: &'a str,
    pub runtime: &'a RuntimeFacts,
    pub sessions: usize,
    pub batch_size: usize,
    /// Wall-clock time.
    pub seconds: f64,
    pub images_per_second: f64,
    /// `images`, `loss`, `top1`, `top5`, `confusion`, `report`.
    #[serde(flatten)]
    pub evaluation: &'a Evaluation,
    /// Every figure with its interval.
    pub headline: Headline,
    pub bootstrap: BootstrapFacts,
    pub calibration: Calibration,
    pub temperature: Option<&'a Temperature>,
    #[serde(skip)]
    pub no_temperature_because: Option<&'a str>,
    pub superclasses: Option<SuperclassResults<'a>>,
    pub most_confused: Vec<ConfusedClasses<'a>>,
    pub worst_errors: Vec<WorstError<'a>>,
    /// Lowest first.
    pub classes_by_accuracy: Vec<ClassAccuracy<'a>>,
    #[serde(skip)]
    pub classes: &'a [String],
}

#[derive(Serialize)]
pub struct ModelFacts<'a> {
    pub path: &'a Path,
    pub architecture: &'a str,
    pub parameters: u64,
    pub classes: &'a [String],
}

#[derive(Serialize)]
pub struct DatasetFacts<'a> {
    pub name: &'a str,
    pub split: &'static str,
    pub sha256: &'a str,
    pub matches_training: bool,
}

/// How the intervals were made.
#[derive(Serialize)]
pub struct BootstrapFacts {
    pub level: f64,
    pub resamples: usize,
    pub seed: u64,
}

/// A prediction counts as its class's superclass.
#[derive(Serialize)]
pub struct SuperclassResults<'a> {
    pub names: &'a [String],
    pub accuracy: f64,
    pub confusion: ConfusionMatrix,
}

#[derive(Serialize)]
pub struct ConfusedClasses<'a> {
    pub label: &'a str,
    pub prediction: &'a str,
    pub images: u64,
    /// Of the label's images.
    pub share: f64,
}

#[derive(Serialize)]
pub struct WorstError<'a> {
    pub index: usize,
    pub file: String,
    pub label: &'a str,
    pub prediction: &'a str,
    pub probability: f32,
}

#[derive(Serialize)]
pub struct ClassAccuracy<'a> {
    pub class: &'a str,
    pub accuracy: f64,
    pub images: u64,
}

impl<'a> EvalResults<'a> {
    /// Works out everything that is to be shown.
    pub fn new(evaluated: &Evaluated<'a>) -> Self {
        let (contract, run) = (evaluated.contract, evaluated.run);
        let (data, outcome) = (evaluated.data, evaluated.outcome);
        let classes = contract.classes.as_slice();
        let superclasses = contract.superclasses.as_ref();
        let scores = &outcome.scores;
        let superclass_of = superclasses.map(|groups| groups.of_class.as_slice());
        Self {
            model: ModelFacts {
                path: evaluated.model,
                architecture: &contract.architecture,
                parameters: contract.parameters,
                classes,
            },
            dataset: DatasetFacts {
                name: &data.name,
                split: data.split_name.as_str(),
                sha256: &data.sha256,
                matches_training: data.matches_training,
            },
            provider: &run.provider,
            runtime: &run.runtime,
            sessions: run.sessions,
            batch_size: run.batch_size,
            seconds: outcome.times.wall.as_secs_f64(),
            images_per_second: outcome.images_per_second(),
            evaluation: &outcome.evaluation,
            headline: Headline::new(scores, classes.len(), superclass_of, evaluated.seed),
            bootstrap: BootstrapFacts {
                level: CONFIDENCE_LEVEL,
                resamples: BOOTSTRAP_RESAMPLES,
                seed: evaluated.seed,
            },
            calibration: Calibration::new(scores),
            temperature: evaluated.temperature.as_ref().ok(),
            no_temperature_because: evaluated.temperature.as_ref().err().map(String::as_str),
            superclasses: superclasses.map(|groups| superclass_results(outcome, groups)),
            most_confused: most_confused(outcome, classes),
            worst_errors: worst_errors(data, outcome, classes),
            classes_by_accuracy: classes_by_accuracy(outcome),
            classes,
        }
    }

    /// Model, data set and split in one line.
    pub fn title(&self) -> String {
        format!(
            "{} on {} {}",
            self.model.architecture, self.dataset.name, self.dataset.split
        )
    }
}

fn superclass_results<'a>(
    outcome: &EvaluationOutcome,
    groups: &'a Superclasses,
) -> SuperclassResults<'a> {
    let matrix = &outcome.evaluation.confusion;
    let confusion = matrix.grouped(&groups.of_class, groups.names.len());
    SuperclassResults {
        names: &groups.names,
        accuracy: confusion.accuracy(),
        confusion,
    }
}

fn most_confused<'a>(
    outcome: &EvaluationOutcome,
    classes: &'a [String],
) -> Vec<ConfusedClasses<'a>> {
    let pairs = outcome.evaluation.confusion.most_confused(LISTED);
    pairs
        .into_iter()
        .map(|pair| ConfusedClasses {
            label: &classes[pair.label],
            prediction: &classes[pair.predicted],
            images: pair.images,
            share: pair.share,
        })
        .collect()
}

fn worst_errors<'a>(
    data: &Data,
    outcome: &EvaluationOutcome,
    classes: &'a [String],
) -> Vec<WorstError<'a>> {
    let error = |prediction: &Prediction| WorstError {
        index: prediction.index,
        file: data.split.describe(prediction.index),
        label: &classes[prediction.label],
        prediction: &classes[prediction.predicted],
        probability: prediction.probability,
    };
    let errors = outcome.worst_errors();
    errors.into_iter().take(LISTED).map(error).collect()
}

fn classes_by_accuracy(outcome: &EvaluationOutcome) -> Vec<ClassAccuracy<'_>> {
    let classes = outcome.evaluation.report.classes.iter();
    let mut sorted: Vec<ClassAccuracy<'_>> = classes
        .map(|class| ClassAccuracy {
            class: &class.name,
            accuracy: class.recall,
            images: class.support,
        })
        .collect();
    sorted.sort_by(|a, b| a.accuracy.total_cmp(&b.accuracy));
    sorted
}
