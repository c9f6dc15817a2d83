//! Where the answers that a report is made of come from.

use std::time::Duration;

use dataset::{DatasetError, Split, check_split};
use infer::{Answer, Classifier, EvaluateOptions, InferError, Part};

use crate::cli::data::Data;
use crate::cli::{Failure, Verbosity, progress};

/// Why an evaluation ended early.
enum Ended {
    /// By a picture or the model.
    Work(InferError),
    /// By whoever took the answers.
    Taker(Failure),
}

impl From<InferError> for Ended {
    fn from(error: InferError) -> Self {
        Self::Work(error)
    }
}

impl Ended {
    /// Of pictures that cannot be decoded the failure names all in `split`, of the data set
    /// called `name`.
    fn into_failure(self, name: &str, split: &Split) -> Failure {
        match self {
            Self::Taker(failure) => failure,
            Self::Work(error @ InferError::Dataset(DatasetError::Decode { .. })) => {
                let all = check_split(name, split);
                all.map_or_else(Failure::from, |()| error.into())
            }
            Self::Work(error) => error.into(),
        }
    }
}

/// What takes the answers; its error ends the run.
pub type OnAnswer<'a> = dyn FnMut(&Answer<'_>) -> Result<(), Failure> + 'a;

/// Gives the answers for the images of an evaluation.
pub trait AnswerSource {
    /// Hands over the answers for one part of the images, in the split's order;
    /// gives the wall-clock time that the model took.
    fn each(&self, part: Part, on_answer: &mut OnAnswer<'_>) -> Result<Duration, Failure>;
}

/// Answers of a model that is run.
pub struct ModelAnswers<'a> {
    pub classifier: &'a Classifier,
    pub data: &'a Data,
    pub options: &'a EvaluateOptions,
    pub verbosity: Verbosity,
}

impl AnswerSource for ModelAnswers<'_> {
    fn each(&self, part: Part, on_answer: &mut OnAnswer<'_>) -> Result<Duration, Failure> {
        let (what, split) = match part {
            Part::Evaluated => ("", &self.data.split),
            Part::Validation => match &self.data.validation {
                Ok(split) => ("validation ", split),
                Err(_) => return Ok(Duration::ZERO),
            },
        };
        let images = self.options.images(split, self.classifier);
        let bar = progress::images(what, images, self.verbosity);
        let times = infer::evaluate_each(self.classifier, split, self.options, &mut |answer| {
            bar.inc(1);
            on_answer(answer).map_err(Ended::Taker)
        });
        bar.finish_and_clear();
        let times = times.map_err(|ended| ended.into_failure(&self.data.name, split))?;
        self.verbosity.detail(&format!(
            "{what}{:.1} s in all; summed over the workers {:.1} s preparing images, {:.1} s running the model",
            times.wall.as_secs_f64(),
            times.prepare.as_secs_f64(),
            times.run.as_secs_f64()
        ));
        Ok(times.wall)
    }
}
