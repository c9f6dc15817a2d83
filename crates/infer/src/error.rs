//! What can go wrong, each in one line, with a hint where there is a remedy.

use std::io;
use std::path::PathBuf;

use contract::ContractError;
use dataset::DatasetError;

use crate::ShardError;

/// An error of this crate.
///
/// `Display` is one line; [`InferError::hint`] says what to do about it.
///
/// ```
/// use std::path::Path;
/// use infer::{InferError, ModelFile};
///
/// let error = ModelFile::read(Path::new("no/such.onnx")).unwrap_err();
/// assert!(matches!(error, InferError::ReadModel { .. }));
/// eprintln!("error: {error}");
/// if let Some(hint) = error.hint() {
///     eprintln!("hint: {hint}");
/// }
/// ```
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum InferError {
    /// The model file could not be read.
    #[error("cannot read model {}: {source}", path.display())]
    ReadModel {
        /// The file as given.
        path: PathBuf,
        /// What the operating system answered.
        source: io::Error,
    },

    /// The bytes are no ONNX model (or not all of one).
    #[error("{model} is not a complete ONNX model: {reason}")]
    NotOnnx {
        /// Path of the file, or "model" for bytes.
        model: String,
        /// What is wrong with the bytes.
        reason: String,
    },

    /// An ONNX model without our metadata entry.
    #[error(
        "{model} holds no model contract (metadata entry `{}`)",
        contract::METADATA_KEY
    )]
    NoContract {
        /// Path of the file, or "model" for bytes.
        model: String,
    },

    /// The contract is malformed, invalid or of a newer version.
    #[error("{model}: {source}")]
    Contract {
        /// Path of the file, or "model" for bytes.
        model: String,
        /// What is wrong with the contract.
        source: ContractError,
    },

    /// The graph's inputs or outputs are not those that the contract promises.
    #[error("{model}: the graph does not match its contract: {reason}")]
    GraphMismatch {
        /// Path of the file, or "model" for bytes.
        model: String,
        /// Name of the value with expected and found type and shape.
        reason: String,
    },

    /// A constant whose values are in another file, which ONNX Runtime would read
    /// from wherever the model says.
    #[error("{model}: the values of tensor `{tensor}` are in another file (`{location}`)")]
    ExternalData {
        /// Path of the file, or "model" for bytes.
        model: String,
        /// Name of the constant.
        tensor: String,
        /// The other file, as the model names it.
        location: String,
    },

    /// A library that was asked for by path is not there.
    #[error("ONNX Runtime library {} ({origin}) does not exist", path.display())]
    RuntimeMissing {
        /// The path as given.
        path: PathBuf,
        /// Who asked for it: "explicit option" or "ORT_DYLIB_PATH".
        origin: &'static str,
    },

    /// No ONNX Runtime shared library was found anywhere.
    #[error("no ONNX Runtime library found; looked in {}", searched.join(", "))]
    RuntimeNotFound {
        /// The places looked in, in order.
        searched: Vec<String>,
    },

    /// The library was found but could not be loaded.
    #[error("cannot load ONNX Runtime from {}: {reason}", path.display())]
    RuntimeLoad {
        /// The library.
        path: PathBuf,
        /// The dynamic loader's or ONNX Runtime's own message.
        reason: String,
    },

    /// A process can load one ONNX Runtime; another was asked for later.
    #[error(
        "ONNX Runtime {} was asked for, but this process already loaded {}",
        wanted.display(), loaded.display()
    )]
    RuntimeAlreadyLoaded {
        /// The library that is in use.
        loaded: PathBuf,
        /// The library asked for now.
        wanted: PathBuf,
    },

    /// CUDA was demanded and cannot be used.
    #[error("CUDA cannot be used: {reason}")]
    Cuda {
        /// Names the missing library or device.
        reason: String,
    },

    /// TensorRT was demanded and cannot be used.
    #[error("TensorRT cannot be used: {reason}")]
    TensorRt {
        /// Names the missing library or device.
        reason: String,
    },

    /// The folder for TensorRT's engines cannot be made.
    #[error("cannot make the engine cache {}: {source}", path.display())]
    EngineCache {
        /// The folder as given.
        path: PathBuf,
        /// What the operating system answered.
        source: io::Error,
    },

    /// ONNX Runtime refused an operation.
    #[error("ONNX Runtime failed to {action}: {reason}")]
    Runtime {
        /// What was attempted: "open the model", "run the model", ...
        action: &'static str,
        /// ONNX Runtime's message.
        reason: String,
    },

    /// A pixel buffer of the wrong length.
    #[error(
        "the pixel buffer holds {got} bytes, expected {} {expected} ({height}x{width}x{channels} uint8)",
        if *.batch { "a multiple of" } else { "exactly" }
    )]
    PixelLength {
        /// Bytes in the buffer.
        got: usize,
        /// Bytes of one image.
        expected: usize,
        /// Whether any number of images was allowed, or exactly one.
        batch: bool,
        /// Input height in pixels.
        height: usize,
        /// Input width in pixels.
        width: usize,
        /// Input channels.
        channels: usize,
    },

    /// An array of images of another size.
    #[error("images have shape {got:?}, expected [n, {}, {}, {}]", expected[0], expected[1], expected[2])]
    ArrayShape {
        /// Shape of the array.
        got: Vec<usize>,
        /// Height, width and channels of the model's input.
        expected: [usize; 3],
    },
    /// The model answered with a tensor of an unexpected shape.
    #[error("model output `{name}` has shape {got:?}, expected {expected:?}")]
    OutputShape {
        /// Name of the output.
        name: String,
        /// Shape of the tensor.
        got: Vec<i64>,
        /// `[images, classes]`.
        expected: [usize; 2],
    },

    /// A label of the split has no class in the model.
    #[error("{image} has label {label}, but the model has {classes} classes")]
    Label {
        /// The image, as the split describes it.
        image: String,
        /// Its label.
        label: usize,
        /// Classes of the model.
        classes: usize,
    },

    /// A folder without image files, or a pattern that no file matches.
    #[error("no image files: {}", place.display())]
    NoImages {
        /// The folder or pattern.
        place: PathBuf,
    },

    /// A folder that cannot be read, or a pattern that is none.
    #[error("cannot search {}: {reason}", place.display())]
    Search {
        /// The folder or pattern.
        place: PathBuf,
        /// What is wrong with it.
        reason: String,
    },

    /// A stream of more than [`MAX_STREAM_BYTES`](crate::MAX_STREAM_BYTES).
    #[error(
        "{}: more than {} MiB",
        name.display(), crate::MAX_STREAM_BYTES >> 20
    )]
    StreamTooLong {
        /// The stream, `-` for standard input.
        name: PathBuf,
    },

    /// Two models that cannot be compared.
    #[error("the models have different classes: {difference}")]
    DifferentClasses {
        /// The first difference.
        difference: String,
    },

    /// The classifier's queue is full: more is asked of it than it can answer.
    #[error("the classifier is overloaded: {length} images are waiting")]
    Overloaded {
        /// How many the queue holds.
        length: usize,
    },

    /// The answer would come after the request's deadline.
    #[error("the deadline passed before the image was classified")]
    DeadlineExceeded,

    /// The classifier was shut down and accepts nothing more.
    #[error("the classifier was shut down")]
    ShutDown,

    /// An encoded image of more pixels than the classifier accepts.
    #[error("the image has {width}x{height} pixels, more than {limit} in all")]
    TooManyPixels {
        /// Columns.
        width: u32,
        /// Rows.
        height: u32,
        /// Most pixels accepted, columns times rows.
        limit: u64,
    },

    /// Code that handled an image panicked; the classifier goes on.
    #[error("a panic interrupted the attempt to {action}")]
    Panicked {
        /// What was attempted: "decode the image", ...
        action: &'static str,
    },

    /// The operating system refused a thread.
    #[error("cannot start a worker thread: {source}")]
    Thread {
        /// What the operating system answered.
        source: io::Error,
    },

    /// A shard file that cannot be used.
    #[error(transparent)]
    Shard(#[from] ShardError),

    /// An image could not be read.
    #[error(transparent)]
    Dataset(#[from] DatasetError),
}

impl InferError {
    /// What to do about the error, or `None` where there is nothing to say.
    pub fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::ReadModel { .. } => "pass the path of an ONNX file written by `trainer export`",
            Self::NotOnnx { .. } => "the file may be truncated; copy it or export it again",
            Self::NoContract { .. } => {
                "`trainer export RUN --out model.onnx` makes a model of a run, with its contract in it"
            }
            Self::Contract { source, .. } => return source.hint(),
            Self::GraphMismatch { .. } => {
                "the file was changed after the export; `trainer export RUN --out model.onnx` makes it again"
            }
            Self::ExternalData { .. } => {
                "a model is one file: export it with `trainer export`, or save it without external data (Python: onnx.save(onnx.load(PATH), PATH))"
            }
            Self::RuntimeMissing { .. } | Self::RuntimeNotFound { .. } => {
                "run tools/onnxruntime.sh in the checkout that the program was built in, put the library into ~/.local/share/infer, or set ORT_DYLIB_PATH (or --runtime) to it"
            }
            Self::RuntimeLoad { .. } => {
                "fetch a matching library with tools/onnxruntime.sh, or point ORT_DYLIB_PATH (or --runtime) at ONNX Runtime 1.24 or newer"
            }
            Self::RuntimeAlreadyLoaded { .. } => "use one ONNX Runtime library in a process",
            Self::Cuda { .. } => {
                "install the GPU build with `tools/onnxruntime.sh --gpu` and the CUDA and cuDNN libraries it needs, or use --device cpu"
            }
            Self::TensorRt { .. } => {
                "install the GPU build with `tools/onnxruntime.sh --gpu`, and TensorRT with the CUDA and cuDNN libraries it needs, or use --device cuda or cpu"
            }
            Self::EngineCache { .. } => "choose a folder that you may write to",
            Self::PixelLength { .. } | Self::ArrayShape { .. } => {
                "pass uint8 RGB pixels of the model's input size, or use classify_image for other sizes"
            }
            Self::Label { .. } => "evaluate on the data set that the model was trained on",
            Self::NoImages { .. } => {
                "name image files, folders with image files (jpg, png, ...) or patterns such as 'photos/**/*.jpg'"
            }
            Self::Search { .. } => "check the permissions and the pattern; brackets come in pairs",
            Self::StreamTooLong { .. } => "one image is read from a stream; pass its file instead",
            Self::DifferentClasses { .. } => {
                "compare models of the same data set (`infer inspect MODEL` lists the classes)"
            }
            Self::Overloaded { .. } => {
                "try again later; sustained load needs more sessions or machines, a burst a longer queue"
            }
            Self::DeadlineExceeded => "allow more time, or send fewer images at once",
            Self::TooManyPixels { .. } => "make the image smaller, or raise the limit (max_pixels)",
            Self::Thread { .. } => "raise the limit of threads, or use fewer sessions",
            Self::Shard(error) => error.hint(),
            Self::Dataset(error) => return error.hint(),
            Self::Runtime { .. }
            | Self::OutputShape { .. }
            | Self::ShutDown
            | Self::Panicked { .. } => return None,
        };
        Some(hint.to_owned())
    }

    /// An error answered by ONNX Runtime while it did `action`.
    pub(crate) fn runtime(action: &'static str, error: &ort::Error) -> Self {
        Self::Runtime {
            action,
            reason: one_line(error.message()),
        }
    }
}

/// Joins a message of several lines (ONNX Runtime writes such) into one.
pub(crate) fn one_line(message: &str) -> String {
    message.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_of_several_lines_become_one() {
        assert_eq!(one_line(" a\n  b\tc\n"), "a b c");
    }

    #[test]
    fn pixel_length_names_both_lengths_and_the_size() {
        let error = InferError::PixelLength {
            got: 100,
            expected: 192,
            batch: true,
            height: 8,
            width: 8,
            channels: 3,
        };
        assert_eq!(
            error.to_string(),
            "the pixel buffer holds 100 bytes, expected a multiple of 192 (8x8x3 uint8)"
        );
        assert!(error.hint().is_some());
    }
}
