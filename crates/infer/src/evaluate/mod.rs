//! A model's scores on a split of a data set.

mod outcome;
mod work;

use std::thread;
use std::time::Instant;

use crossbeam_channel::{Receiver, bounded};
use dataset::Split;

use crate::selection::{check_labels, spaced, spaced_count};
use crate::{Classifier, InferError, Shard};
pub use outcome::{Answer, EvaluationOutcome, EvaluationTimes, Prediction, RunningOutcome};
use work::{BatchAnswer, Job};

/// How to evaluate. The results do not depend on batch size, up to the last
/// bits of a float that ONNX Runtime computes in another order for another one.
#[derive(Debug, Clone, Default)]
pub struct EvaluateOptions {
    /// Images a run; default [`Classifier::default_batch_size`]. 0 counts as 1.
    pub batch_size: Option<usize>,
    /// Evaluate this many images only, evenly spaced over the split (so that
    /// every class of a sorted folder takes part).
    pub limit: Option<usize>,
    /// Evaluate only this share of the images.
    pub shard: Option<Shard>,
}

impl EvaluateOptions {
    /// Images a run, as used.
    pub fn batch_size(&self, classifier: &Classifier) -> usize {
        self.batch_size
            .unwrap_or_else(|| classifier.default_batch_size())
            .max(1)
    }

    /// How many images of `split` are evaluated.
    pub fn images(&self, split: &Split, classifier: &Classifier) -> usize {
        let images = spaced_count(split.len(), self.limit);
        self.shard.map_or(images, |shard| {
            shard.range(images, self.batch_size(classifier)).len()
        })
    }
}

/// Runs the model on a split and scores its answers.
///
/// Workers (one a session; on a GPU one a core, which decode ahead) take
/// batches from the split, bring the images to the input size and run them;
/// the answers are scored in the split's order, so the outcome is the same
/// for any number of sessions. No more images are in memory than the workers'
/// batches, and of each image only its scores are kept (about 80 bytes).
/// `on_progress` is told the number of images done, on the calling thread.
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
    let mut running = RunningOutcome::new(&classifier.contract().classes);
    let times = evaluate_each(classifier, split, options, &mut |answer| {
        running.add(answer);
        on_progress(running.images());
        Ok::<(), InferError>(())
    })?;
    Ok(running.finish(times))
}

/// Runs the model on a split as [`evaluate`] does and hands over each answer,
/// in the split's order and on the calling thread, instead of scoring it. An
/// error of `on_answer` ends the run.
///
/// # Errors
/// Those of [`evaluate`] and of `on_answer`.
///
/// ```
/// use std::path::Path;
/// use dataset::{OpenOptions, Source};
/// use infer::{Classifier, Device, EvaluateOptions, InferError, evaluate_each};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let classifier = Classifier::builder()
/// #     .device(Device::Cpu)
/// #     .from_file(Path::new("tests/fixtures/digits.onnx"))?;
/// let digits = dataset::open(&Source::Digits, &OpenOptions::default())?;
/// let options = EvaluateOptions { limit: Some(10), ..EvaluateOptions::default() };
/// let test = digits.test.expect("the digits have one");
/// evaluate_each(&classifier, &test, &options, &mut |answer| {
///     println!("{}: {:?}", test.describe(answer.index), answer.logits);
///     Ok::<(), InferError>(())
/// })?;
/// # Ok(())
/// # }
/// ```
pub fn evaluate_each<E: From<InferError>>(
    classifier: &Classifier,
    split: &Split,
    options: &EvaluateOptions,
    on_answer: &mut dyn FnMut(&Answer<'_>) -> Result<(), E>,
) -> Result<EvaluationTimes, E> {
    let batch_size = options.batch_size(classifier);
    let indices = spaced(split.len(), options.limit);
    // Before the cut: a shard runs the very batches that the whole would.
    let batch_size = batch_size.min(indices.len().max(1));
    let indices = match options.shard {
        Some(shard) => &indices[shard.range(indices.len(), batch_size)],
        None => &indices,
    };
    check_labels(classifier, split, indices)?;

    let job = Job::new(classifier, split, indices, batch_size);
    let workers = job.workers();
    let start = Instant::now();
    let (answers, incoming) = bounded(workers.max(1));
    let mut times = thread::scope(|scope| {
        for _ in 0..workers {
            let (job, answers) = (&job, answers.clone());
            scope.spawn(move || job.work(&answers));
        }
        drop(answers);
        let result = in_order(&job, split, &incoming, on_answer);
        // After an error, tell the workers and let none wait on a full channel.
        job.stop();
        drop(incoming);
        result
    })?;
    times.wall = start.elapsed();
    Ok(times)
}

/// Takes the workers' answers as they come and hands them on in the split's
/// order.
fn in_order<E: From<InferError>>(
    job: &Job<'_>,
    split: &Split,
    incoming: &Receiver<Result<Vec<BatchAnswer>, InferError>>,
    on_answer: &mut dyn FnMut(&Answer<'_>) -> Result<(), E>,
) -> Result<EvaluationTimes, E> {
    let mut times = EvaluationTimes::default();
    // Answers of batches that are ahead of their turn: logits only.
    let mut early: Vec<BatchAnswer> = Vec::new();
    let mut next = 0;
    for answers in incoming {
        early.extend(answers?);
        while let Some(position) = early.iter().position(|answer| answer.batch == next) {
            let answer = early.swap_remove(position);
            times.prepare += answer.prepare;
            times.run += answer.run;
            let batch = job.batch(next);
            let rows = answer
                .logits
                .chunks_exact(answer.logits.len() / batch.len());
            for (&index, logits) in batch.iter().zip(rows) {
                let label = split.label(index);
                on_answer(&Answer {
                    index,
                    label,
                    logits,
                })?;
            }
            next += 1;
        }
    }
    Ok(times)
}
