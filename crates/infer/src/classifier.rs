//! The classifier: a model, its contract and a pool of sessions.

use std::sync::Arc;
use std::thread;

use contract::{Contract, preprocess};
use image::DynamicImage;
use ndarray::ArrayView4;

use crate::pool::Pool;
use crate::session::{ModelSession, Scores};
use crate::{Classification, ClassifierBuilder, InferError, Provider, RuntimeInfo};

/// An image classifier, ready to run.
///
/// Clones share one pool of sessions, so a service clones one classifier into
/// all its threads; a call waits until a session is free.
///
/// ```no_run
/// use std::path::Path;
/// use infer::Classifier;
///
/// # fn main() -> Result<(), infer::InferError> {
/// let classifier = Classifier::builder().from_file(Path::new("model.onnx"))?;
/// let pixels = vec![0u8; classifier.contract().input_len()]; // RGB, row by row
/// let worker = classifier.clone();
/// let answer = std::thread::spawn(move || worker.classify_pixels(&pixels));
/// # let _ = answer;
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct Classifier {
    inner: Arc<Inner>,
}

/// What the clones share.
pub(crate) struct Inner {
    pub contract: Arc<Contract>,
    pub pool: Pool<ModelSession>,
    pub provider: Provider,
    pub runtime: RuntimeInfo,
    pub fallback_reason: Option<String>,
}

impl std::fmt::Debug for Inner {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Inner")
            .field("provider", &self.provider)
            .field("runtime", &self.runtime)
            .field("pool", &self.pool)
            .finish_non_exhaustive()
    }
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
        &self.inner.contract
    }

    /// The execution provider that runs the model.
    pub fn provider(&self) -> Provider {
        self.inner.provider
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
        self.inner.pool.size()
    }

    /// Classifies one image of exactly the input size.
    ///
    /// `pixels`: uint8 RGB, `[height, width, 3]`, row by row,
    /// [`Contract::input_len`] bytes.
    ///
    /// # Errors
    /// [`InferError::PixelLength`] for a buffer of another length, or what
    /// ONNX Runtime answers.
    pub fn classify_pixels(&self, pixels: &[u8]) -> Result<Classification, InferError> {
        let images = self.check_length(pixels, false)?;
        debug_assert_eq!(images, 1);
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
    pub fn classify_batch(&self, pixels: &[u8]) -> Result<Vec<Classification>, InferError> {
        let images = self.check_length(pixels, true)?;
        let classes = self.contract().classes.len();
        let mut classifications = Vec::with_capacity(images);
        for part in pixels.chunks(self.provider().max_batch_size() * self.contract().input_len()) {
            let scores = self.run(part)?;
            let rows = scores
                .logits
                .chunks_exact(classes)
                .zip(scores.probabilities.chunks_exact(classes));
            classifications.extend(rows.map(|(logits, probabilities)| Classification {
                logits: logits.to_vec(),
                probabilities: probabilities.to_vec(),
            }));
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
    pub fn classify_image(&self, image: &DynamicImage) -> Result<Classification, InferError> {
        // `image` can make an empty picture (0x0), which has nothing to fit.
        if image.width() == 0 || image.height() == 0 {
            return self.classify_pixels(&[]);
        }
        let rgb = image.to_rgb8();
        let size = [rgb.height() as usize, rgb.width() as usize];
        self.classify_pixels(&self.fit(rgb.as_raw(), size))
    }

    /// Brings an RGB picture of `size` (`[height, width]`) to the input size.
    pub(crate) fn fit(&self, pixels: &[u8], size: [usize; 2]) -> Vec<u8> {
        let contract = self.contract();
        preprocess::fit(
            pixels,
            size,
            &contract.fit,
            [contract.input.height, contract.input.width],
        )
    }

    /// Threads that prepare images and run them: on the CPU the sessions take
    /// all cores; on a GPU the cores are free to decode while a session runs.
    pub(crate) fn workers(&self) -> usize {
        let sessions = self.sessions();
        match self.provider() {
            Provider::Cpu => sessions,
            Provider::Cuda => thread::available_parallelism()
                .map_or(1, usize::from)
                .max(sessions),
        }
    }

    /// Runs whole images in one call on the next free session.
    pub(crate) fn run(&self, pixels: &[u8]) -> Result<Scores, InferError> {
        self.inner.pool.lease().run(pixels)
    }

    /// Checks the buffer's length and returns the number of images.
    fn check_length(&self, pixels: &[u8], batch: bool) -> Result<usize, InferError> {
        let input = &self.contract().input;
        let expected = self.contract().input_len();
        let fits = if batch {
            pixels.len().is_multiple_of(expected)
        } else {
            pixels.len() == expected
        };
        if fits {
            return Ok(pixels.len() / expected);
        }
        Err(InferError::PixelLength {
            got: pixels.len(),
            expected,
            batch,
            height: input.height,
            width: input.width,
            channels: input.channels,
        })
    }
}
