//! The first line of a shard file: whose answers it holds.

use std::ops::Range;
use std::path::PathBuf;

use contract::Contract;
use serde::{Deserialize, Serialize};

use super::Shard;
use crate::selection::spaced_count;
use crate::{Classifier, EvaluateOptions};

/// What the first line calls itself.
const FORMAT: &str = "infer-shard";

/// Version of the format, raised by a change that older readers would misread.
pub(super) const VERSION: u32 = 2;

/// The first version whose files end with a checksum.
pub(super) const WITH_CHECKSUM: u32 = 2;

/// Most images of a split: 2^32 - 1, so that no arithmetic overflows.
const MAX_IMAGES: usize = u32::MAX as usize;

/// The first line of a shard file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShardHeader {
    format: String,
    pub(super) version: u32,
    /// Which share the file holds.
    pub shard: Shard,
    /// Of what.
    #[serde(flatten)]
    pub evaluation: ShardedEvaluation,
}

/// An evaluation that is cut into shards: what they have in common.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShardedEvaluation {
    /// SHA-256 of the ONNX file, lower-case hexadecimal.
    pub model_sha256: String,
    /// [`preprocessing_sha256`] of the model's contract.
    pub preprocessing_sha256: String,
    /// Classes of the model.
    pub classes: usize,
    /// SHA-256 of the data set's contents.
    pub dataset_sha256: String,
    /// Name of the split that is evaluated.
    pub split: String,
    /// Images of the whole split.
    pub split_images: usize,
    /// Most images evaluated, evenly spaced over the split; `None` for all.
    pub limit: Option<usize>,
    /// What a temperature is to be fitted on.
    pub validation: Validation,
    /// What runs the model.
    pub run: RunFacts,
}

/// The images that a temperature is fitted on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Validation {
    /// The validation split of that many images; a shard file holds its share
    /// of them too.
    Images(usize),
    /// Those that are evaluated.
    Evaluated,
    /// None, for this reason.
    Without(String),
}

/// What runs a model.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunFacts {
    /// ONNX Runtime's name of the execution provider.
    pub provider: String,
    /// The ONNX Runtime library.
    pub runtime: RuntimeFacts,
    /// Sessions that run at the same time.
    pub sessions: usize,
    /// Images a run, at least 1.
    pub batch_size: usize,
}

/// An ONNX Runtime library.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RuntimeFacts {
    /// The shared library.
    pub path: PathBuf,
    /// Its version.
    pub version: String,
}

impl RunFacts {
    /// What an evaluation by `classifier` with `options` runs on.
    pub fn new(classifier: &Classifier, options: &EvaluateOptions) -> Self {
        let runtime = classifier.runtime();
        Self {
            provider: classifier.provider().to_string(),
            runtime: RuntimeFacts {
                path: runtime.path.clone(),
                version: runtime.version.clone(),
            },
            sessions: classifier.sessions(),
            batch_size: options.batch_size(classifier),
        }
    }
}

/// SHA-256 of what a contract says about the input, how pictures are brought to
/// its size and what the graph does to them; lower-case hexadecimal.
pub fn preprocessing_sha256(contract: &Contract) -> String {
    let parts = (&contract.input, &contract.fit, &contract.preprocessing);
    let json = serde_json::to_vec(&parts)
        .expect("a contract has string keys only, so it can be written as JSON");
    contract::fs::sha256_hex(&json)
}

impl ShardHeader {
    /// A header of the newest format.
    pub fn new(shard: Shard, evaluation: ShardedEvaluation) -> Self {
        Self {
            format: FORMAT.to_owned(),
            version: VERSION,
            shard,
            evaluation,
        }
    }

    /// What is wrong with it, if anything.
    pub(super) fn check(&self) -> Result<(), String> {
        let evaluation = &self.evaluation;
        let validation = match evaluation.validation {
            Validation::Images(images) => images,
            _ => 0,
        };
        if self.format != FORMAT {
            Err(format!("its format is `{}`, not `{FORMAT}`", self.format))
        } else if evaluation.split_images.max(validation) > MAX_IMAGES {
            Err(format!("more than {MAX_IMAGES} images"))
        } else if evaluation.classes == 0 || evaluation.run.batch_size == 0 {
            Err("no classes, or a batch size of 0".to_owned())
        } else {
            Ok(())
        }
    }

    /// Positions of its images among those evaluated.
    pub(super) fn evaluated(&self) -> Range<usize> {
        let images = self.evaluation.images();
        self.shard.range(images, self.evaluation.run.batch_size)
    }

    /// Positions of its images among those of the validation split.
    pub(super) fn validated(&self) -> Range<usize> {
        let images = self.evaluation.validation_images();
        self.shard.range(images, self.evaluation.run.batch_size)
    }
}

impl ShardedEvaluation {
    /// Images evaluated by all shards together.
    pub fn images(&self) -> usize {
        spaced_count(self.split_images, self.limit)
    }

    /// Images of the validation split that all shards together run.
    pub fn validation_images(&self) -> usize {
        match self.validation {
            Validation::Images(images) => spaced_count(images, self.limit),
            Validation::Evaluated | Validation::Without(_) => 0,
        }
    }

    /// Names and values of what has to be the same in all shards. Where the
    /// library lies and how many sessions ran may differ between machines.
    pub(super) fn identity(&self) -> [(&'static str, String); 10] {
        let limit = self.limit.map_or("none".to_owned(), |n| n.to_string());
        let validation = match &self.validation {
            Validation::Images(images) => format!("{images} images"),
            Validation::Evaluated => "the evaluated images".to_owned(),
            Validation::Without(reason) => format!("none ({reason})"),
        };
        [
            ("model", self.model_sha256.clone()),
            ("preprocessing", self.preprocessing_sha256.clone()),
            ("number of classes", self.classes.to_string()),
            ("data set", self.dataset_sha256.clone()),
            (
                "split",
                format!("{} of {} images", self.split, self.split_images),
            ),
            ("limit", limit),
            ("validation split", validation),
            ("batch size", self.run.batch_size.to_string()),
            ("execution provider", self.run.provider.clone()),
            ("ONNX Runtime", self.run.runtime.version.clone()),
        ]
    }
}
