//! Everything that an evaluation found out, as one document.

use std::path::Path;

use contract::{Contract, Superclasses};
use dataset::Split;
use metrics::{
    BOOTSTRAP_RESAMPLES, CONFIDENCE_LEVEL, Calibration, ConfusionMatrix, Evaluation, Headline,
};
use serde::{Serialize, Serializer};

use super::Temperature;
use crate::{EvaluationOutcome, Prediction, RunFacts, RuntimeFacts};

/// Pairs of classes and errors that are listed.
const LISTED: usize = 20;

/// A model that was run on a split.
#[derive(Clone, Copy)]
pub struct Evaluated<'a> {
    /// Its file.
    pub model: &'a Path,
    /// Its contract.
    pub contract: &'a Contract,
    /// What it was run on.
    pub split: EvaluatedSplit<'a>,
    /// What it was run with.
    pub run: &'a RunFacts,
    /// What came out.
    pub outcome: &'a EvaluationOutcome,
    /// Or why there is none.
    pub temperature: &'a Result<Temperature, String>,
    /// What its training has to say of itself, for the page.
    pub findings: &'a [String],
    /// Of the bootstrap and of the pictures drawn at random.
    pub seed: u64,
}

/// The split of a data set that a model was run on.
#[derive(Debug, Clone, Copy)]
pub struct EvaluatedSplit<'a> {
    /// Name of the data set.
    pub dataset: &'a str,
    /// Hash of the data set's contents.
    pub sha256: &'a str,
    /// Name of the split: `train`, `val` or `test`.
    pub name: &'static str,
    /// Whether the data set is the one that the model was trained on.
    pub matches_training: bool,
    /// The images.
    pub images: &'a Split,
}

/// The results; serialised, they are the document that `--json` prints.
#[derive(Serialize)]
pub struct EvalResults<'a> {
    /// The model.
    pub model: ModelFacts<'a>,
    /// The images.
    pub dataset: DatasetFacts<'a>,
    /// ONNX Runtime's name of the execution provider that ran.
    pub provider: &'a str,
    /// The ONNX Runtime library.
    pub runtime: &'a RuntimeFacts,
    /// Sessions that ran at the same time.
    pub sessions: usize,
    /// Images a run.
    pub batch_size: usize,
    /// Wall-clock time.
    pub seconds: f64,
    /// Images a second of it.
    pub images_per_second: f64,
    /// `images`, `loss`, `top1`, `top5`, `confusion`, `report`.
    #[serde(flatten)]
    pub evaluation: &'a Evaluation,
    /// Every figure with its interval.
    pub headline: Headline,
    /// Where the intervals come from.
    pub bootstrap: BootstrapFacts,
    /// Calibration of the model as exported.
    pub calibration: Calibration,
    /// The temperature, if one was fitted.
    pub temperature: Option<&'a Temperature>,
    /// Why there is none.
    #[serde(skip)]
    pub no_temperature_because: Option<&'a str>,
    /// Figures of groups of classes, where there are any.
    pub superclasses: Option<SuperclassResults<'a>>,
    /// Pairs of classes, the most images first.
    pub most_confused: Vec<ConfusedClasses<'a>>,
    /// Wrong predictions, the most probable first.
    pub worst_errors: Vec<WorstError<'a>>,
    /// Lowest first.
    pub classes_by_accuracy: Vec<ClassAccuracy<'a>>,
    /// Names of the classes.
    #[serde(skip)]
    pub classes: &'a [String],
}

/// A path as people read it: serde refuses one that is no Unicode.
fn as_text<S: Serializer>(path: &Path, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(&path.display())
}

/// A model.
#[derive(Serialize)]
pub struct ModelFacts<'a> {
    /// Its file; bytes of its name that are no Unicode are replaced in the document.
    #[serde(serialize_with = "as_text")]
    pub path: &'a Path,
    /// Its architecture.
    pub architecture: &'a str,
    /// How many learnt.
    pub parameters: u64,
    /// Names of its classes.
    pub classes: &'a [String],
}

/// A split of a data set.
#[derive(Serialize)]
pub struct DatasetFacts<'a> {
    /// Name of the data set.
    pub name: &'a str,
    /// Name of the split.
    pub split: &'static str,
    /// Hash of the data set's contents.
    pub sha256: &'a str,
    /// Whether the model was trained on that data set.
    pub matches_training: bool,
}

/// How the intervals were made.
#[derive(Serialize)]
pub struct BootstrapFacts {
    /// Share of the resamples that lie in an interval.
    pub level: f64,
    /// How many resamples.
    pub resamples: usize,
    /// Seed that they are drawn by.
    pub seed: u64,
}

/// A prediction counts as its class's superclass.
#[derive(Serialize)]
pub struct SuperclassResults<'a> {
    /// Names of the superclasses.
    pub names: &'a [String],
    /// Share of images whose superclass is right.
    pub accuracy: f64,
    /// Counts by true and predicted superclass.
    pub confusion: ConfusionMatrix,
}

/// Images of one class that are taken for another one.
#[derive(Serialize)]
pub struct ConfusedClasses<'a> {
    /// The true class.
    pub label: &'a str,
    /// The class that they are taken for.
    pub prediction: &'a str,
    /// How many.
    pub images: u64,
    /// Of the label's images.
    pub share: f64,
}

/// A wrong prediction.
#[derive(Serialize)]
pub struct WorstError<'a> {
    /// Place of the image in the split.
    pub index: usize,
    /// What the image is called.
    pub file: String,
    /// Its true class.
    pub label: &'a str,
    /// The predicted class.
    pub prediction: &'a str,
    /// That class's probability.
    pub probability: f32,
}

/// How often a class's images are right.
#[derive(Serialize)]
pub struct ClassAccuracy<'a> {
    /// The class.
    pub class: &'a str,
    /// Share of its images that are right.
    pub accuracy: f64,
    /// How many it has.
    pub images: u64,
}

impl<'a> EvalResults<'a> {
    /// Works out everything that is to be shown.
    pub fn new(evaluated: &Evaluated<'a>) -> Self {
        let (contract, run) = (evaluated.contract, evaluated.run);
        let (split, outcome) = (evaluated.split, evaluated.outcome);
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
                name: split.dataset,
                split: split.name,
                sha256: split.sha256,
                matches_training: split.matches_training,
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
            worst_errors: worst_errors(split.images, outcome, classes),
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
    split: &Split,
    outcome: &EvaluationOutcome,
    classes: &'a [String],
) -> Vec<WorstError<'a>> {
    let error = |prediction: &Prediction| WorstError {
        index: prediction.index,
        file: split.describe(prediction.index),
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
