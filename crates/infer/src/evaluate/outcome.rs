//! What an evaluation finds out, gathered image by image.

use std::time::Duration;

use metrics::{Evaluation, ImageScores, RunningEvaluation};

/// What the model says of one image: everything else is worked out from it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Answer<'a> {
    /// Index of the image in the split.
    pub index: usize,
    /// Its true class.
    pub label: usize,
    /// The network's raw scores, `[classes]`.
    pub logits: &'a [f32],
}

/// The prediction for one image.
#[derive(Debug, Clone, PartialEq)]
pub struct Prediction {
    /// Index of the image in the split.
    pub index: usize,
    /// Its true class.
    pub label: usize,
    /// The class with the highest logit.
    pub predicted: usize,
    /// The predicted class's probability (softmax of the logits), in `[0, 1]`.
    pub probability: f32,
}

/// Where the time went.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct EvaluationTimes {
    /// From the first to the last image.
    pub wall: Duration,
    /// Reading, decoding and fitting images, summed over the workers.
    pub prepare: Duration,
    /// Waiting for and running sessions, summed over the workers.
    pub run: Duration,
}

/// What [`evaluate`](crate::evaluate()) returns.
#[derive(Debug, Clone)]
pub struct EvaluationOutcome {
    /// Loss, top-1, top-5, confusion matrix and per-class scores.
    pub evaluation: Evaluation,
    /// One prediction an image, in the split's order.
    pub predictions: Vec<Prediction>,
    /// The scores of each image, in the order of `predictions`.
    pub scores: Vec<ImageScores>,
    /// Where the time went.
    pub times: EvaluationTimes,
}

impl EvaluationOutcome {
    /// Throughput in images a second of wall-clock time.
    pub fn images_per_second(&self) -> f64 {
        self.predictions.len() as f64 / self.times.wall.as_secs_f64().max(f64::MIN_POSITIVE)
    }

    /// The predictions that are wrong, the most probable first.
    pub fn worst_errors(&self) -> Vec<&Prediction> {
        let predictions = self.predictions.iter();
        let mut errors: Vec<&Prediction> = predictions.filter(|p| p.predicted != p.label).collect();
        errors.sort_by(|a, b| b.probability.total_cmp(&a.probability));
        errors
    }
}

/// An [`EvaluationOutcome`] gathered from answers, wherever they come from:
/// [`evaluate_each`](crate::evaluate_each) or the files of shards.
#[derive(Debug, Clone)]
pub struct RunningOutcome {
    running: RunningEvaluation,
    predictions: Vec<Prediction>,
    scores: Vec<ImageScores>,
}

impl RunningOutcome {
    /// No images yet, for classes of these names.
    pub fn new(classes: &[String]) -> Self {
        Self {
            running: RunningEvaluation::new(classes),
            predictions: Vec::new(),
            scores: Vec::new(),
        }
    }

    /// Takes in one image.
    ///
    /// # Panics
    /// If there is not one logit for each class, or the label is not a class.
    pub fn add(&mut self, answer: &Answer<'_>) {
        let scores = ImageScores::new(answer.logits, answer.label, 1.0);
        self.running.add(answer.logits, answer.label);
        self.predictions.push(Prediction {
            index: answer.index,
            label: answer.label,
            predicted: scores.predicted,
            probability: scores.confidence as f32,
        });
        self.scores.push(scores);
    }

    /// Images taken in so far.
    pub fn images(&self) -> usize {
        self.predictions.len()
    }

    /// The outcome over all images taken in.
    pub fn finish(self, times: EvaluationTimes) -> EvaluationOutcome {
        EvaluationOutcome {
            evaluation: self.running.finish(),
            predictions: self.predictions,
            scores: self.scores,
            times,
        }
    }
}
