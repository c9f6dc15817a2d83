//! The document itself: plain data that serde writes as JSON.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{ContractError, version};

/// Everything a program must know to use an exported classifier.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Contract {
    /// Version of this document's format: the oldest whose readers understand it,
    /// [`oldest_version`](crate::oldest_version).
    pub version: u32,
    /// Name of the network, e.g. `efficientnet_b0`.
    pub architecture: String,
    /// Number of trainable parameters (batch normalisation's running statistics not counted).
    pub parameters: u64,
    /// Class names; the position is the index in the logits.
    pub classes: Vec<String>,
    /// Coarser grouping of the classes, where the data set has one (CIFAR-100 does).
    pub superclasses: Option<Superclasses>,
    /// The tensor that the graph takes.
    pub input: Input,
    /// How a picture of any size is brought to the input size, **outside** the graph.
    pub fit: Fit,
    /// What the graph does to the input before the network, **inside** the graph.
    pub preprocessing: Preprocessing,
    /// The tensors that the graph gives.
    pub output: Output,
    /// Where the model comes from.
    pub training: Training,
}

/// Coarse classes and the one that each class belongs to.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Superclasses {
    /// Names of the coarse classes.
    pub names: Vec<String>,
    /// `of_class[class]` is the class's index in `names`; one entry a class.
    pub of_class: Vec<usize>,
}

/// The graph's input: a batch of images `[N, height, width, channels]`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Input {
    /// Name in the graph, `image`.
    pub name: String,
    /// Rows of an image.
    pub height: usize,
    /// Columns of an image.
    pub width: usize,
    /// Values a pixel: always 3.
    pub channels: usize,
    /// Order of the dimensions.
    pub layout: Layout,
    /// Type of the values.
    pub dtype: DType,
    /// Order of the channels.
    pub channel_order: ChannelOrder,
}

/// Order of the input's dimensions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Layout {
    /// Batch, height, width, channels.
    #[serde(rename = "NHWC")]
    Nhwc,
}

/// Type of the input's values.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum DType {
    /// Unsigned bytes, 0 to 255.
    #[serde(rename = "uint8")]
    Uint8,
}

/// Order of a pixel's channels.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ChannelOrder {
    /// Red, green, blue (OpenCV's `imread` gives the reverse).
    #[serde(rename = "RGB")]
    Rgb,
}

/// How a picture of any size is brought to the input size; both resize by the
/// kernel in [`Preprocessing::resize`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "mode", rename_all = "snake_case")]
pub enum Fit {
    /// Resize straight to the input size; the aspect ratio is not kept.
    Stretch,
    /// Resize so that the shorter side has `shorter_side` pixels, then cut out the centre.
    CenterCrop {
        /// Length of the shorter side after the resize, in pixels; at least the
        /// input's height and width.
        shorter_side: usize,
    },
}

/// What the graph does to each image: resize, then `(value * scale - mean) / std`
/// a channel.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Preprocessing {
    /// The kernel that every resize of this model is made with: the one to the
    /// input size ([`Fit`]) and, where that is another, the graph's from there to
    /// `height` x `width`.
    pub resize: Resize,
    /// Rows of the image that the network sees.
    pub height: usize,
    /// Columns of the image that the network sees.
    pub width: usize,
    /// Factor on the bytes, 1/255.
    pub scale: f32,
    /// Mean of each channel (R, G, B), subtracted after scaling.
    pub mean: [f32; 3],
    /// Standard deviation of each channel (R, G, B), divided by last.
    pub std: [f32; 3],
}

impl Preprocessing {
    /// Normalisation of one channel as one multiplication and one addition, the
    /// way the graph does it: `value * multiplier + offset` with
    /// `multiplier = scale / std` and `offset = -mean / std`.
    pub fn multiplier_and_offset(&self, channel: usize) -> (f32, f32) {
        let std = self.std[channel];
        (self.scale / std, -self.mean[channel] / std)
    }
}

/// How pictures are resized.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Resize {
    /// OpenCV's `INTER_CUBIC`: a = -0.75, half-pixel centres, replicated border,
    /// no antialiasing, rounded to bytes. For images that are stored in one size:
    /// graphs resize by it too.
    OpencvCubic,
    /// Pillow's `BICUBIC`, which torchvision's transforms call: a = -0.5, the
    /// support scaled by the reduction (antialiasing), rounded to bytes after
    /// either dimension. For photos, before the graph only.
    PillowBicubic,
}

impl fmt::Display for Resize {
    /// Writes the word that documents and recipes have.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::OpencvCubic => "opencv_cubic",
            Self::PillowBicubic => "pillow_bicubic",
        })
    }
}

/// Names of the graph's outputs, each float32 `[N, classes]`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Output {
    /// The network's raw scores.
    pub logits: String,
    /// Softmax of the logits.
    pub probabilities: String,
}

/// Where a model comes from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Training {
    /// The resolved training recipe, as the trainer wrote it.
    pub recipe: serde_json::Value,
    /// The data it was trained on.
    pub dataset: DatasetInfo,
    /// The weights it started from; `None` when trained from random weights.
    pub weights: Option<WeightsInfo>,
    /// Epochs trained.
    pub epochs: usize,
    /// Metrics at export by name, e.g. `val_top1` (0 to 1) or `val_loss`.
    pub metrics: BTreeMap<String, f64>,
    /// Version of the trainer that exported the model.
    pub trainer_version: String,
    /// When the model was exported, in seconds since 1970-01-01 UTC.
    pub created_unix: u64,
}

/// The data set that a model was trained on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DatasetInfo {
    /// Name, e.g. `cifar100`.
    pub name: String,
    /// SHA-256 of the data, in lower-case hexadecimal.
    pub sha256: String,
    /// Images in the training split.
    pub train: usize,
    /// Images in the validation split.
    pub val: usize,
    /// Images in the test split.
    pub test: usize,
    /// How the validation split was made; `None` when the data set came with one.
    pub split: Option<SplitInfo>,
    /// Whether copies of a picture were kept together where splits were taken from the training
    /// images; written only where there are copies, and not known to versions of before.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub copies_together: bool,
    /// The test split's share of the images to learn from, where it was taken from these and is
    /// not a fifth, as data without a test split gets it; 0 for none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub test_fraction: Option<f64>,
}

/// A stratified split of the training images.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SplitInfo {
    /// Seed of the shuffle.
    pub seed: u64,
    /// Share of the images that went to validation, between 0 and 1.
    pub val_fraction: f64,
}

/// The pretrained weights that a model started from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WeightsInfo {
    /// Where they come from, e.g. a file name or a Hugging Face repository.
    pub source: String,
    /// SHA-256 of the file, in lower-case hexadecimal.
    pub sha256: String,
}

impl Contract {
    /// Reads a contract and checks it.
    ///
    /// The version is looked at first, so that a document of a newer format says
    /// so instead of failing on a field. Fields that this version does not know
    /// are ignored.
    ///
    /// # Errors
    /// [`ContractError::NotJson`] for text that is not JSON,
    /// [`ContractError::NewerVersion`] for a newer format, and
    /// [`ContractError::Invalid`] for a field that is missing, of another type
    /// or out of range.
    pub fn from_json(json: &str) -> Result<Self, ContractError> {
        let document = version::read(json)?;
        let contract: Self = serde_path_to_error::deserialize(document).map_err(|error| {
            let path = error.path().to_string();
            ContractError::Invalid {
                field: if path == "." { "document".into() } else { path },
                reason: error.inner().to_string(),
            }
        })?;
        contract.validate()?;
        Ok(contract)
    }

    /// Writes the document as indented JSON; [`Contract::from_json`] reads it back.
    pub fn to_json(&self) -> String {
        serde_json::to_string_pretty(self)
            .expect("the contract has string keys only, so it can be written as JSON")
    }

    /// Bytes of one input image: height * width * channels.
    pub fn input_len(&self) -> usize {
        self.input.height * self.input.width * self.input.channels
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;
    use crate::example::contract;

    /// The example's JSON with `value` at `pointer`.
    fn with(pointer: &str, value: Value) -> String {
        let mut document: Value = serde_json::from_str(&contract().to_json()).unwrap();
        *document.pointer_mut(pointer).unwrap() = value;
        document.to_string()
    }

    #[test]
    fn the_words_of_the_document() {
        let document: Value = serde_json::from_str(&contract().to_json()).unwrap();
        assert_eq!(document["version"], 1);
        assert_eq!(
            document["input"],
            json!({"name": "image", "height": 32, "width": 32, "channels": 3,
                "layout": "NHWC", "dtype": "uint8", "channel_order": "RGB"})
        );
        assert_eq!(
            document["fit"],
            json!({"mode": "center_crop", "shorter_side": 36})
        );
        assert_eq!(document["preprocessing"]["resize"], "opencv_cubic");
        let stretch = serde_json::to_value(Fit::Stretch).unwrap();
        assert_eq!(stretch, json!({"mode": "stretch"}));
        for kernel in [Resize::OpencvCubic, Resize::PillowBicubic] {
            let word = serde_json::to_value(kernel).unwrap();
            assert_eq!(word, kernel.to_string());
        }
    }

    #[test]
    fn a_figure_is_read_as_it_was_written_to_the_last_bit() {
        let mut measured = contract();
        // A quick parser reads this one as its neighbour.
        let figure = 0.190_476_190_476_190_47;
        let metrics = &mut measured.training.metrics;
        metrics.insert("val_macro_f1".to_owned(), figure);
        let read = Contract::from_json(&measured.to_json()).unwrap();
        assert_eq!(read.training.metrics["val_macro_f1"], figure);
        assert_eq!(read.to_json(), measured.to_json());
    }

    /// The example for photos, whose graph does not resize.
    fn photos() -> Contract {
        let mut contract = contract();
        contract.version = crate::oldest_version(Resize::PillowBicubic, &contract.training.dataset);
        contract.preprocessing.resize = Resize::PillowBicubic;
        contract.preprocessing.height = contract.input.height;
        contract.preprocessing.width = contract.input.width;
        contract
    }

    #[test]
    fn only_a_document_with_the_newer_kernel_has_the_newer_version() {
        assert_eq!(contract().version, 1);
        assert_eq!(photos().version, 2);
        let json = photos().to_json();
        assert_eq!(Contract::from_json(&json).unwrap(), photos());
        // Readers of version 1 would have taken OpenCV's kernel.
        let document: Value = serde_json::from_str(&json).unwrap();
        assert_eq!(document["version"], 2);
        let mut older = photos();
        older.version = 1;
        let error = Contract::from_json(&older.to_json()).unwrap_err();
        assert!(
            error
                .to_string()
                .contains("expected 2 to 2 with pillow_bicubic, got 1"),
            "{error}"
        );
    }

    #[test]
    fn input_len_is_the_bytes_of_an_image() {
        assert_eq!(contract().input_len(), 32 * 32 * 3);
    }

    #[test]
    fn a_newer_document_says_so_whatever_its_fields() {
        let error = Contract::from_json(r#"{"version": 7, "model": {}}"#).unwrap_err();
        let (found, supported) = (7, crate::VERSION);
        assert_eq!(error, ContractError::NewerVersion { found, supported });
        assert!(error.hint().unwrap().contains("upgrade infer"));
    }

    #[test]
    fn errors_name_the_field() {
        for (json, message) in [
            ("[]".into(), "version: missing"),
            (with("/version", json!(0)), "version: expected a positive"),
            (with("/version", json!("1")), "version: expected a positive"),
            (
                with("/input/height", json!(-1)),
                "input.height: invalid value",
            ),
            (
                with("/input/layout", json!("NCHW")),
                "input.layout: unknown variant",
            ),
            (
                with("/superclasses/of_class/1", json!("x")),
                "superclasses.of_class[1]: invalid type",
            ),
            (with("/preprocessing/std/1", json!(0.0)), "std[1]: expected"),
            (with("/output", json!({})), "output: missing field `logits`"),
        ] {
            let error = Contract::from_json(&json).unwrap_err();
            let line = error.to_string();
            assert!(line.contains(message), "{line}");
            assert!(!line.contains('\n'), "{line}");
            assert!(error.hint().is_some());
        }
    }

    #[test]
    fn text_that_is_not_json() {
        let error = Contract::from_json("{\"version\": 1,").unwrap_err();
        assert!(matches!(error, ContractError::NotJson { .. }), "{error}");
    }

    #[test]
    fn fields_of_the_future_are_ignored() {
        let mut document: Value = serde_json::from_str(&contract().to_json()).unwrap();
        document["new"] = json!(1);
        document["input"]["new"] = json!([]);
        assert_eq!(
            Contract::from_json(&document.to_string()).unwrap(),
            contract()
        );
    }

    fn any_contract() -> impl Strategy<Value = Contract> {
        (
            proptest::collection::btree_set("\\PC*[a-z]", 1..5),
            prop_oneof![
                Just(Fit::Stretch),
                (32..9999_usize).prop_map(|shorter_side| { Fit::CenterCrop { shorter_side } })
            ],
            [-10.0..10.0_f32, -10.0..10.0_f32, -10.0..10.0_f32],
            [1e-3..10.0_f32, 1e-3..10.0_f32, 1e-3..10.0_f32],
            // serde_json reads most, but not all, of 17 digits back to the last bit;
            // sixteenths are exact.
            proptest::collection::btree_map(
                "\\PC*",
                (-9999..9999_i32).prop_map(|sixteenths| f64::from(sixteenths) / 16.0),
                0..4,
            ),
            any::<(bool, bool, bool, u64, u64)>(),
        )
            .prop_map(
                |(classes, fit, mean, std, metrics, (pillow, split, weights, seed, created))| {
                    let mut contract = if pillow { photos() } else { contract() };
                    contract.classes = classes.into_iter().collect();
                    contract.superclasses = None;
                    contract.fit = fit;
                    contract.preprocessing.mean = mean;
                    contract.preprocessing.std = std;
                    contract.training.metrics = metrics;
                    contract.training.created_unix = created;
                    let split = split.then_some(SplitInfo {
                        seed,
                        val_fraction: 0.25,
                    });
                    contract.training.dataset.split = split;
                    contract.training.weights.take_if(|_| !weights);
                    contract
                },
            )
    }

    proptest! {
        #[test]
        fn json_and_back(contract in any_contract()) {
            prop_assert_eq!(Contract::from_json(&contract.to_json()).unwrap(), contract);
        }

        #[test]
        fn any_text_is_an_error_not_a_panic(text in "\\PC*") {
            prop_assert!(Contract::from_json(&text).is_err());
        }

        // Replaces a few bytes of a real document, or cuts it off.
        #[test]
        fn a_corrupt_document_does_not_panic(
            changes in proptest::collection::vec((any::<proptest::sample::Index>(), any::<u8>()), 0..4),
            end in any::<proptest::sample::Index>(), cut in any::<bool>()
        ) {
            let mut bytes = contract().to_json().into_bytes();
            for (index, byte) in changes {
                let index = index.index(bytes.len());
                bytes[index] = byte;
            }
            if cut {
                bytes.truncate(end.index(bytes.len()));
            }
            let result = Contract::from_json(&String::from_utf8_lossy(&bytes));
            prop_assert!(!cut || result.is_err());
        }
    }
}
