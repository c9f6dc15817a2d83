//! A model's scores on a split of a data set.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, Sender, bounded};
use dataset::Split;
use metrics::{Evaluation, ImageScores, RunningEvaluation};

use crate::{Classifier, InferError, Provider};

/// How to evaluate. The results do not depend on it, up to the last bits of
/// a float that ONNX Runtime computes in another order for another batch size.
#[derive(Debug, Clone, Default)]
pub struct EvaluateOptions {
    /// Images a run; default 4 on the CPU and 64 on a GPU. 0 counts as 1.
    pub batch_size: Option<usize>,
    /// Evaluate this many images only, evenly spaced over the split (so that
    /// every class of a sorted folder takes part).
    pub limit: Option<usize>,
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
    /// The predicted class's probability, in `[0, 1]`.
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

/// What [`evaluate`] returns.
#[derive(Debug, Clone)]
pub struct EvaluationOutcome {
    /// Loss, top-1, top-5, confusion matrix and per-class scores.
    pub evaluation: Evaluation,
    /// One prediction an image, in the split's order.
    pub predictions: Vec<Prediction>,
    /// The logits, row-major `[images, classes]`, in the order of `predictions`
    /// (4 MB for 10 000 images of 100 classes).
    pub logits: Vec<f32>,
    /// Where the time went.
    pub times: EvaluationTimes,
    /// Images a run, as used.
    pub batch_size: usize,
}

impl EvaluationOutcome {
    /// Throughput in images a second of wall-clock time.
    pub fn images_per_second(&self) -> f64 {
        self.predictions.len() as f64 / self.times.wall.as_secs_f64().max(f64::MIN_POSITIVE)
    }

    /// The true class of each image.
    pub fn labels(&self) -> Vec<usize> {
        self.predictions.iter().map(|p| p.label).collect()
    }

    /// The scores of each image, with the logits divided by `temperature`.
    pub fn scores(&self, temperature: f64) -> Vec<ImageScores> {
        ImageScores::of_images(&self.logits, &self.labels(), temperature)
    }

    /// The predictions that are wrong, the most probable first.
    pub fn worst_errors(&self) -> Vec<&Prediction> {
        let predictions = self.predictions.iter();
        let mut errors: Vec<&Prediction> = predictions.filter(|p| p.predicted != p.label).collect();
        errors.sort_by(|a, b| b.probability.total_cmp(&a.probability));
        errors
    }
}

/// Runs the model on a split and scores its answers.
///
/// Workers (one a session; on a GPU one a core, which decode ahead) take
/// batches from the split, bring the images to the input size and run them;
/// the answers are scored in the split's order, so the outcome is the same
/// for any number of sessions. No more images are in memory than the workers'
/// batches. `on_progress` is told the number of images done, on the calling
/// thread.
///
/// # Errors
/// [`InferError::Dataset`] for an image that cannot be read (the first one
/// ends the evaluation), [`InferError::Label`] for a label that the model has
/// no class for, or what ONNX Runtime answers.
///
/// ```
/// use std::path::Path;
/// use dataset::{OpenOptions, Source};
/// use infer::{Classifier, Device, EvaluateOptions, evaluate};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let classifier = Classifier::builder()
/// #     .device(Device::Cpu)
/// #     .from_file(Path::new("tests/fixtures/digits.onnx"))?;
/// let digits = dataset::open(&Source::Digits, &OpenOptions::default())?;
/// let options = EvaluateOptions { limit: Some(100), ..EvaluateOptions::default() };
/// let outcome = evaluate(&classifier, &digits.test.expect("the digits have one"), &options, &|_| ())?;
/// assert_eq!(outcome.predictions.len(), 100);
/// println!("top-1 {:.4}", outcome.evaluation.top1);
/// # Ok(())
/// # }
/// ```
pub fn evaluate(
    classifier: &Classifier,
    split: &Split,
    options: &EvaluateOptions,
    on_progress: &(dyn Fn(usize) + Sync),
) -> Result<EvaluationOutcome, InferError> {
    let batch_size = options
        .batch_size
        .unwrap_or_else(|| classifier.provider().default_batch_size())
        .max(1);
    let indices = spaced(split.len(), options.limit);
    let batch_size = batch_size.min(indices.len().max(1));
    check_labels(classifier, split, &indices)?;

    let job = Job {
        classifier,
        split,
        batches: indices.chunks(batch_size).collect(),
        batch_size,
        stored_at_input_size: stored_at_input_size(classifier, split)?,
        next: AtomicUsize::new(0),
        stop: AtomicBool::new(false),
    };
    let workers = classifier.workers().min(job.batches.len());
    let start = Instant::now();
    let mut gathered = Gathered::new(classifier, split, indices.len());
    // Answers of batches that are ahead of their turn wait in `collect`: logits only.
    let (answers, incoming) = bounded(workers.max(1));
    thread::scope(|scope| {
        for _ in 0..workers {
            let (job, answers) = (&job, answers.clone());
            scope.spawn(move || job.work(&answers));
        }
        drop(answers);
        let result = gathered.collect(&job.batches, &incoming, on_progress);
        // After an error, tell the workers and let none wait on a full channel.
        job.stop.store(true, Ordering::Relaxed);
        drop(incoming);
        result
    })?;

    let mut times = gathered.times;
    times.wall = start.elapsed();
    Ok(EvaluationOutcome {
        evaluation: gathered.running.finish(),
        predictions: gathered.predictions,
        logits: gathered.logits,
        times,
        batch_size,
    })
}

/// `limit` indices evenly spaced over `0..len`, or all of them.
fn spaced(len: usize, limit: Option<usize>) -> Vec<usize> {
    let count = limit.unwrap_or(len).min(len);
    (0..count).map(|i| i * len / count).collect()
}

fn check_labels(
    classifier: &Classifier,
    split: &Split,
    indices: &[usize],
) -> Result<(), InferError> {
    let classes = classifier.contract().classes.len();
    match indices.iter().find(|&&index| split.label(index) >= classes) {
        Some(&index) => Err(InferError::Label {
            image: split.describe(index),
            label: split.label(index),
            classes,
        }),
        None => Ok(()),
    }
}

/// Whether the split's images lie in memory at the input size. All images of
/// such a split have one size, so the first one tells.
fn stored_at_input_size(classifier: &Classifier, split: &Split) -> Result<bool, InferError> {
    if split.is_empty() || split.pixels(0).is_none() {
        return Ok(false);
    }
    let input = &classifier.contract().input;
    let image = split.image(0)?;
    Ok([image.height, image.width] == [input.height, input.width])
}

/// What the workers share.
struct Job<'a> {
    classifier: &'a Classifier,
    split: &'a Split,
    batches: Vec<&'a [usize]>,
    batch_size: usize,
    stored_at_input_size: bool,
    next: AtomicUsize,
    stop: AtomicBool,
}

/// A worker's answer for batch number `batch`.
struct Answer {
    batch: usize,
    logits: Vec<f32>,
    probabilities: Vec<f32>,
    prepare: Duration,
    run: Duration,
}

impl Job<'_> {
    /// Takes batches until there are none left or somebody stops.
    fn work(&self, answers: &Sender<Result<Answer, InferError>>) {
        let mut pixels =
            Vec::with_capacity(self.batch_size * self.classifier.contract().input_len());
        while !self.stop.load(Ordering::Relaxed) {
            let batch = self.next.fetch_add(1, Ordering::Relaxed);
            if batch >= self.batches.len() {
                return;
            }
            let answer = self.answer(batch, &mut pixels);
            if answers.send(answer).is_err() {
                return;
            }
        }
    }

    fn answer(&self, batch: usize, pixels: &mut Vec<u8>) -> Result<Answer, InferError> {
        let start = Instant::now();
        pixels.clear();
        for &index in self.batches[batch] {
            self.append(index, pixels)?;
        }
        // A GPU tunes its kernels to a batch size; an odd last batch would
        // make it start over, so zeros fill it up.
        if self.classifier.provider() == Provider::Cuda {
            pixels.resize(self.batch_size * self.classifier.contract().input_len(), 0);
        }
        let prepared = Instant::now();
        let mut scores = self.classifier.run(pixels)?;
        let values = self.batches[batch].len() * self.classifier.contract().classes.len();
        scores.logits.truncate(values);
        scores.probabilities.truncate(values);
        Ok(Answer {
            batch,
            logits: scores.logits,
            probabilities: scores.probabilities,
            prepare: prepared - start,
            run: prepared.elapsed(),
        })
    }

    /// Appends one image at the input size; decodes and fits it if need be.
    fn append(&self, index: usize, pixels: &mut Vec<u8>) -> Result<(), InferError> {
        let input = &self.classifier.contract().input;
        if let Some(stored) = self.split.pixels(index)
            && self.stored_at_input_size
        {
            pixels.extend_from_slice(stored);
            return Ok(());
        }
        let image = self.split.image(index)?;
        if [image.height, image.width] == [input.height, input.width] {
            pixels.extend_from_slice(&image.pixels);
        } else {
            pixels.extend(
                self.classifier
                    .fit(&image.pixels, [image.height, image.width]),
            );
        }
        Ok(())
    }
}

/// The scores so far, added in the split's order.
struct Gathered<'a> {
    split: &'a Split,
    classes: usize,
    running: RunningEvaluation,
    predictions: Vec<Prediction>,
    logits: Vec<f32>,
    times: EvaluationTimes,
}

impl<'a> Gathered<'a> {
    fn new(classifier: &Classifier, split: &'a Split, images: usize) -> Self {
        let classes = &classifier.contract().classes;
        Self {
            split,
            classes: classes.len(),
            running: RunningEvaluation::new(classes),
            predictions: Vec::with_capacity(images),
            logits: Vec::with_capacity(images * classes.len()),
            times: EvaluationTimes::default(),
        }
    }

    /// Takes the workers' answers as they come and scores them in order.
    fn collect(
        &mut self,
        batches: &[&[usize]],
        incoming: &Receiver<Result<Answer, InferError>>,
        on_progress: &(dyn Fn(usize) + Sync),
    ) -> Result<(), InferError> {
        let mut early: Vec<Answer> = Vec::new();
        let mut next = 0;
        for answer in incoming {
            early.push(answer?);
            while let Some(position) = early.iter().position(|answer| answer.batch == next) {
                let answer = early.swap_remove(position);
                self.score(batches[next], &answer);
                next += 1;
            }
            on_progress(self.predictions.len());
        }
        Ok(())
    }

    fn score(&mut self, batch: &[usize], answer: &Answer) {
        self.times.prepare += answer.prepare;
        self.times.run += answer.run;
        self.logits.extend_from_slice(&answer.logits);
        let rows = answer
            .logits
            .chunks_exact(self.classes)
            .zip(answer.probabilities.chunks_exact(self.classes));
        for (&index, (logits, probabilities)) in batch.iter().zip(rows) {
            let label = self.split.label(index);
            let predicted = metrics::argmax(logits);
            self.running.add(logits, label);
            self.predictions.push(Prediction {
                index,
                label,
                predicted,
                probability: probabilities[predicted],
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_spreads_over_the_whole_split() {
        assert_eq!(spaced(5, None), [0, 1, 2, 3, 4]);
        assert_eq!(spaced(10, Some(4)), [0, 2, 5, 7]);
        assert_eq!(spaced(3, Some(100)), [0, 1, 2]);
        assert!(spaced(0, None).is_empty());
        assert!(spaced(3, Some(0)).is_empty());
    }
}
