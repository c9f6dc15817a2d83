//! Classifies any number of pictures, one answer each.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};
use std::thread;

use crossbeam_channel::{Receiver, Sender, bounded};

use crate::input::{Decoded, Picture};
use crate::{Classification, Classifier, InferError};

/// Batches a worker may be ahead of the slowest one; more of them would wait
/// in memory for their turn.
const BATCHES_AHEAD: usize = 4;

/// How to run [`predict`].
#[derive(Debug, Clone, Default)]
pub struct PredictOptions {
    /// Pictures a run; default [`Classifier::default_batch_size`]. 0 counts as 1.
    pub batch_size: Option<usize>,
}

/// The answer for one picture.
#[derive(Debug)]
pub struct PictureAnswer {
    /// [`Picture::name`].
    pub name: PathBuf,
    /// Whether it is an animation, whose first frame was classified.
    pub animated: bool,
    /// What the model says, or why the picture was refused.
    pub result: Result<Classification, InferError>,
}

/// Classifies pictures and hands each answer to `on_answer`, in the order of
/// the pictures, on the calling thread; returns the number of answers. It ends
/// early when `on_answer` breaks.
///
/// The pictures are taken from the iterator while it runs, by workers (one a
/// session; on a GPU one a core, which decode ahead) that decode them, bring
/// them to the input size and run them in batches. No more than a few batches
/// are in memory, so the iterator may be of any length. A picture that is
/// refused does not keep the others of its batch from being classified.
///
/// # Errors
/// What ONNX Runtime answers. A picture that cannot be read is no error of
/// this function: its answer says so.
///
/// ```
/// use std::ops::ControlFlow;
/// use std::path::Path;
/// use infer::{Classifier, FindOptions, PredictOptions, find_pictures, predict};
///
/// # fn main() -> Result<(), infer::InferError> {
/// let classifier = Classifier::builder().from_file(Path::new("tests/fixtures/digits.onnx"))?;
/// let pictures = find_pictures(Path::new("tests/fixtures/awkward/"), &FindOptions::default());
/// predict(&classifier, pictures, &PredictOptions::default(), |answer| {
///     match answer.result {
///         Ok(answer) => println!("{:?}", answer.top(1)),
///         Err(error) => eprintln!("{error}"),
///     }
///     ControlFlow::Continue(())
/// })?;
/// # Ok(())
/// # }
/// ```
pub fn predict<I>(
    classifier: &Classifier,
    pictures: I,
    options: &PredictOptions,
    on_answer: impl FnMut(PictureAnswer) -> ControlFlow<()>,
) -> Result<usize, InferError>
where
    I: Iterator<Item = Picture> + Send,
{
    let batch_size = options
        .batch_size
        .unwrap_or_else(|| classifier.default_batch_size())
        .max(1);
    let workers = classifier.workers();
    let places = workers * BATCHES_AHEAD;
    let (give_place, free_places) = bounded(places);
    for _ in 0..places {
        let _ = give_place.try_send(());
    }
    let job = Job {
        classifier,
        batch_size,
        pictures: Mutex::new((0, pictures)),
        free_places,
    };
    let (answers, incoming) = bounded(workers);
    thread::scope(|scope| {
        for _ in 0..workers {
            let (job, answers) = (&job, answers.clone());
            scope.spawn(move || job.work(&answers));
        }
        drop(answers);
        // Both channels end with this call: no worker waits for a place or for
        // its answer to be taken.
        in_order(incoming, give_place, on_answer)
    })
}

/// What the workers share.
struct Job<'a, I> {
    classifier: &'a Classifier,
    batch_size: usize,
    /// Number of the next batch, and the pictures from there on.
    pictures: Mutex<(usize, I)>,
    free_places: Receiver<()>,
}

/// The answers for the batch of this number.
type Answers = (usize, Result<Vec<PictureAnswer>, InferError>);

impl<I: Iterator<Item = Picture>> Job<'_, I> {
    /// Takes batches until there are none left or nobody wants the answers.
    fn work(&self, answers: &Sender<Answers>) {
        while self.free_places.recv().is_ok() {
            let (number, batch) = self.next_batch();
            if batch.is_empty() || answers.send((number, self.answer(batch))).is_err() {
                return;
            }
        }
    }

    fn next_batch(&self) -> (usize, Vec<Picture>) {
        let mut guard = self.pictures.lock().unwrap_or_else(PoisonError::into_inner);
        let (next, pictures) = &mut *guard;
        let number = *next;
        *next += 1;
        (number, pictures.by_ref().take(self.batch_size).collect())
    }

    /// Decodes a batch, runs what could be decoded and puts both together.
    fn answer(&self, batch: Vec<Picture>) -> Result<Vec<PictureAnswer>, InferError> {
        let contract = self.classifier.contract();
        let mut pixels = Vec::with_capacity(self.batch_size * contract.input_len());
        let mut decoded = Vec::with_capacity(batch.len());
        for picture in batch {
            let (name, picture) = picture.decode();
            let animated = picture.map(
                |Decoded {
                     pixels: rgb,
                     animated,
                 }| {
                    pixels.extend(self.classifier.fit(&rgb.pixels, [rgb.height, rgb.width]));
                    animated
                },
            );
            decoded.push((name, animated));
        }
        let mut classifications = self.run(&mut pixels)?.into_iter();
        let answers = decoded.into_iter().filter_map(|(name, animated)| {
            Some(match animated {
                Ok(animated) => PictureAnswer {
                    name,
                    animated,
                    result: Ok(classifications.next()?),
                },
                Err(error) => PictureAnswer {
                    name,
                    animated: false,
                    result: Err(error),
                },
            })
        });
        Ok(answers.collect())
    }

    fn run(&self, pixels: &mut Vec<u8>) -> Result<Vec<Classification>, InferError> {
        if pixels.is_empty() {
            return Ok(Vec::new());
        }
        // A GPU tunes its kernels to a batch size; an odd one would make it
        // start over, so zeros fill it up (and the rows for them are left over).
        if self.classifier.provider().is_gpu() {
            pixels.resize(self.batch_size * self.classifier.contract().input_len(), 0);
        }
        let classes = self.classifier.contract().classes.len();
        let scores = self.classifier.run(pixels)?;
        Ok(scores.into_classifications(classes).collect())
    }
}

/// Hands on the answers in the order of their batches, and frees a batch's
/// place once it is through.
fn in_order(
    incoming: Receiver<Answers>,
    give_place: Sender<()>,
    mut on_answer: impl FnMut(PictureAnswer) -> ControlFlow<()>,
) -> Result<usize, InferError> {
    let mut early = BTreeMap::new();
    let (mut next, mut count) = (0, 0);
    for (number, answers) in incoming {
        early.insert(number, answers?);
        while let Some(answers) = early.remove(&next) {
            for answer in answers {
                count += 1;
                if on_answer(answer).is_break() {
                    return Ok(count);
                }
            }
            next += 1;
            let _ = give_place.try_send(());
        }
    }
    Ok(count)
}
