//! The classifier: a model, its contract, a pool of sessions and a queue.

use std::sync::Arc;

use contract::Contract;
use image::DynamicImage;
use ndarray::ArrayView4;

use crate::engine::Engine;
use crate::queue::{self, Queue};
use crate::request::Image;
use crate::session::Scores;
use crate::{Classification, ClassifierBuilder, InferError, Provider, Request, RuntimeInfo};

/// An image classifier, ready to run.
///
/// Clones share the sessions and the queue, so a service clones one classifier
/// into all its threads or tasks. There are two ways in:
///
/// - **One image of many callers** (a service): [`classify`](Self::classify)
///   blocks, [`classify_async`](Self::classify_async) gives a future for any
///   executor. Both go through a bounded queue whose workers decode, and run
///   what is waiting together. A full queue answers
///   [`InferError::Overloaded`] at once.
/// - **Many images of one caller** (a batch job):
///   [`classify_pixels`](Self::classify_pixels),
///   [`classify_batch`](Self::classify_batch), ... run on the calling thread,
///   as soon as a session is free.
///
/// Dropping the last clone is [`shutdown`](Self::shutdown).
///
/// ```
/// use std::path::Path;
/// use infer::{Classifier, Device, Request};
///
/// # fn main() -> Result<(), infer::InferError> {
/// let classifier = Classifier::builder()
///     .device(Device::Cpu)
///     .from_file(Path::new("tests/fixtures/digits.onnx"))?;
/// let worker = classifier.clone();
/// let answer = std::thread::spawn(move || {
///     let pixels = vec![0u8; worker.contract().input_len()]; // RGB, row by row
///     worker.classify(Request::pixels(pixels))
/// });
/// let classification = answer.join().expect("the thread does not panic")?;
/// assert_eq!(classification.probabilities.len(), classifier.contract().classes.len());
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct Classifier {
    inner: Arc<Inner>,
}

/// What the clones share.
#[derive(Debug)]
pub(crate) struct Inner {
    pub engine: Arc<Engine>,
    pub queue: Queue,
    pub runtime: RuntimeInfo,
    pub fallback_reason: Option<String>,
}

impl Classifier {
    /// Options for a new classifier.
    pub fn builder() -> ClassifierBuilder {
        ClassifierBuilder::default()
    }

    pub(crate) fn new(inner: Inner) -> Self {
        Self {
            inner: Arc::new(inner),
        }
    }

    /// The model's contract: classes, input size, training.
    pub fn contract(&self) -> &Contract {
        &self.inner.engine.contract
    }

    /// The execution provider that runs the model.
    pub fn provider(&self) -> Provider {
        self.inner.engine.provider
    }

    /// Images that a run is handed where the caller does not say: 64 on a GPU;
    /// on the CPU as many as are fastest, from 1 (above 190 px) to 16 (up to
    /// 67 px), by the size that the network sees.
    pub fn default_batch_size(&self) -> usize {
        self.provider().default_batch_size(self.contract())
    }

    /// Why the model runs on the CPU although
    /// [`Device::Auto`](crate::Device::Auto) tried CUDA first, or `None`.
    pub fn fallback_reason(&self) -> Option<&str> {
        self.inner.fallback_reason.as_deref()
    }

    /// The ONNX Runtime library in use.
    pub fn runtime(&self) -> &RuntimeInfo {
        &self.inner.runtime
    }

    /// Number of sessions, that is of calls that run at the same time.
    pub fn sessions(&self) -> usize {
        self.inner.engine.pool.size()
    }

    /// Classifies one image through the queue; blocks until it is answered.
    ///
    /// ```
    /// # use std::path::Path;
    /// # use infer::{Classifier, Device};
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let classifier = Classifier::builder()
    /// #     .device(Device::Cpu)
    /// #     .from_file(Path::new("tests/fixtures/digits.onnx"))?;
    /// use infer::Request;
    ///
    /// let file = std::fs::read("tests/fixtures/awkward/plain.jpg")?;
    /// let classification = classifier.classify(Request::encoded(file))?;
    /// let (class, probability) = classification.top(1)[0];
    /// println!("{} {probability:.3}", classifier.contract().classes[class]);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// - [`InferError::Overloaded`] at once if the queue is full,
    ///   [`InferError::ShutDown`] after [`shutdown`](Self::shutdown);
    /// - [`InferError::PixelLength`] for raw pixels of another length,
    ///   [`InferError::Dataset`] for bytes that are no image,
    ///   [`InferError::TooManyPixels`] for an image that is too large;
    /// - [`InferError::DeadlineExceeded`] when the deadline has passed, even if
    ///   the request is still in the queue;
    /// - what ONNX Runtime answers.
    pub fn classify(&self, request: impl Into<Request>) -> Result<Classification, InferError> {
        self.submit(request.into())?.wait()
    }

    /// Classifies one image through the queue; the future runs on any
    /// executor and does not block it: decoding and inference happen on the
    /// classifier's threads.
    ///
    /// The call itself takes the request into the queue, or refuses it.
    /// Dropping the future cancels a request whose turn has not come. A
    /// deadline is looked at when the turn comes; to stop waiting at the very
    /// moment, wrap the future into the executor's timeout.
    ///
    /// ```
    /// # use std::path::Path;
    /// # use infer::{Classifier, Device};
    /// # fn main() -> Result<(), infer::InferError> {
    /// # let classifier = Classifier::builder()
    /// #     .device(Device::Cpu)
    /// #     .from_file(Path::new("tests/fixtures/digits.onnx"))?;
    /// use infer::Request;
    ///
    /// let pixels = vec![0u8; classifier.contract().input_len()];
    /// let answer = classifier.classify_async(Request::pixels(pixels));
    /// let classification = pollster::block_on(answer)?;
    /// assert!(classification.class() < classifier.contract().classes.len());
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// Those of [`classify`](Self::classify).
    pub fn classify_async<R: Into<Request>>(
        &self,
        request: R,
    ) -> impl Future<Output = Result<Classification, InferError>> + Send + use<R> {
        let pending = self.submit(request.into());
        async { pending?.answer().await }
    }

    /// Requests that wait in the queue.
    pub fn waiting(&self) -> usize {
        self.inner.queue.waiting()
    }

    /// Requests that the queue holds
    /// ([`ClassifierBuilder::queue_length`]).
    pub fn queue_length(&self) -> usize {
        self.inner.queue.length()
    }

    /// Closes the queue, for all clones: answers what was accepted, then ends
    /// the workers. Blocks until that is done. Later requests are answered with
    /// [`InferError::ShutDown`]; the calls that do not use the queue still
    /// work.
    ///
    /// ```
    /// # use std::path::Path;
    /// # use infer::{Classifier, Device};
    /// # fn main() -> Result<(), infer::InferError> {
    /// # let classifier = Classifier::builder()
    /// #     .device(Device::Cpu)
    /// #     .from_file(Path::new("tests/fixtures/digits.onnx"))?;
    /// use infer::{InferError, Request};
    ///
    /// let pixels = vec![0u8; classifier.contract().input_len()];
    /// let accepted = classifier.classify_async(Request::pixels(pixels.clone()));
    /// classifier.shutdown();
    /// assert!(pollster::block_on(accepted).is_ok());
    /// let late = classifier.classify(Request::pixels(pixels));
    /// assert!(matches!(late, Err(InferError::ShutDown)));
    /// # Ok(())
    /// # }
    /// ```
    pub fn shutdown(&self) {
        self.inner.queue.close();
    }

    /// Classifies one image of exactly the input size.
    ///
    /// `pixels`: uint8 RGB, `[height, width, 3]`, row by row,
    /// [`Contract::input_len`] bytes.
    ///
    /// # Errors
    /// [`InferError::PixelLength`] for a buffer of another length, or what
    /// ONNX Runtime answers.
    ///
    /// ```
    /// # use std::path::Path;
    /// # use infer::{Classifier, Device};
    /// # fn main() -> Result<(), infer::InferError> {
    /// # let classifier = Classifier::builder()
    /// #     .device(Device::Cpu)
    /// #     .from_file(Path::new("tests/fixtures/digits.onnx"))?;
    /// let pixels = vec![0u8; classifier.contract().input_len()];
    /// let classification = classifier.classify_pixels(&pixels)?;
    /// println!("{:?}", classification.top(3));
    /// # Ok(())
    /// # }
    /// ```
    pub fn classify_pixels(&self, pixels: &[u8]) -> Result<Classification, InferError> {
        self.inner.engine.check_length(pixels, false)?;
        let scores = self.run(pixels)?;
        Ok(Classification {
            logits: scores.logits,
            probabilities: scores.probabilities,
        })
    }

    /// Classifies images of exactly the input size.
    ///
    /// `pixels`: uint8 RGB, `[n, height, width, 3]`, the images back to back;
    /// an empty buffer is an empty batch. A long batch is run in parts, so
    /// that memory stays bounded.
    ///
    /// # Errors
    /// [`InferError::PixelLength`] unless the length is a multiple of
    /// [`Contract::input_len`], or what ONNX Runtime answers.
    ///
    /// ```
    /// # use std::path::Path;
    /// # use infer::{Classifier, Device};
    /// # fn main() -> Result<(), infer::InferError> {
    /// # let classifier = Classifier::builder()
    /// #     .device(Device::Cpu)
    /// #     .from_file(Path::new("tests/fixtures/digits.onnx"))?;
    /// let pixels = vec![0u8; 10 * classifier.contract().input_len()];
    /// assert_eq!(classifier.classify_batch(&pixels)?.len(), 10);
    /// # Ok(())
    /// # }
    /// ```
    pub fn classify_batch(&self, pixels: &[u8]) -> Result<Vec<Classification>, InferError> {
        let images = self.inner.engine.check_length(pixels, true)?;
        let classes = self.contract().classes.len();
        let mut classifications = Vec::with_capacity(images);
        let part = self.provider().max_batch_size(self.contract());
        for part in pixels.chunks(part * self.contract().input_len()) {
            classifications.extend(self.run(part)?.into_classifications(classes));
        }
        Ok(classifications)
    }

    /// [`classify_batch`](Self::classify_batch) of an array, without a copy
    /// where it lies in memory row by row.
    ///
    /// `images`: uint8 RGB, `[n, height, width, 3]`.
    ///
    /// # Errors
    /// [`InferError::ArrayShape`] unless the images have exactly the input
    /// size, or what ONNX Runtime answers.
    ///
    /// ```
    /// # use std::path::Path;
    /// # use infer::{Classifier, Device};
    /// # fn main() -> Result<(), infer::InferError> {
    /// # let classifier = Classifier::builder()
    /// #     .device(Device::Cpu)
    /// #     .from_file(Path::new("tests/fixtures/digits.onnx"))?;
    /// let images = ndarray::Array4::<u8>::zeros((10, 8, 8, 3));
    /// assert_eq!(classifier.classify_array(images.view())?.len(), 10);
    /// # Ok(())
    /// # }
    /// ```
    pub fn classify_array(
        &self,
        images: ArrayView4<'_, u8>,
    ) -> Result<Vec<Classification>, InferError> {
        let input = &self.contract().input;
        let expected = [input.height, input.width, input.channels];
        if images.shape()[1..] != expected {
            return Err(InferError::ArrayShape {
                got: images.shape().to_vec(),
                expected,
            });
        }
        let contiguous = images.as_standard_layout();
        self.classify_batch(contiguous.as_slice().unwrap_or_default())
    }

    /// Classifies a decoded image of any size: it is brought to the input
    /// size as the contract's `fit` says (cubic, as in training) and
    /// converted to RGB. Turn it upright first if its EXIF data say so.
    ///
    /// # Errors
    /// What ONNX Runtime answers.
    ///
    /// ```
    /// # use std::path::Path;
    /// # use infer::{Classifier, Device};
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let classifier = Classifier::builder()
    /// #     .device(Device::Cpu)
    /// #     .from_file(Path::new("tests/fixtures/digits.onnx"))?;
    /// let picture = image::open("tests/fixtures/awkward/plain.jpg")?;
    /// let classification = classifier.classify_image(&picture)?;
    /// println!("{:?}", classification.top(3));
    /// # Ok(())
    /// # }
    /// ```
    pub fn classify_image(&self, image: &DynamicImage) -> Result<Classification, InferError> {
        self.classify_pixels(&queue::decoded(&self.inner.engine, image)?)
    }

    /// Brings an RGB picture of `size` (`[height, width]`) to the input size.
    pub(crate) fn fit(&self, pixels: &[u8], size: [usize; 2]) -> Vec<u8> {
        self.inner.engine.fit(pixels, size)
    }

    /// Threads that prepare images and run them.
    pub(crate) fn workers(&self) -> usize {
        self.inner.engine.workers()
    }

    /// Runs whole images in one call on the next free session.
    pub(crate) fn run(&self, pixels: &[u8]) -> Result<Scores, InferError> {
        self.inner.engine.run(pixels)
    }

    fn submit(&self, request: Request) -> Result<queue::Pending, InferError> {
        if let Image::Pixels(pixels) = &request.image {
            self.inner.engine.check_length(pixels, false)?;
        }
        self.inner.queue.submit(request)
    }
}
