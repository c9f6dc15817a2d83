//! What is doubtful about the pictures of a data set, seen with a pretrained network: pictures
//! that are nearly the same, labels that the others contradict, pictures like no other.

mod features;
mod folds;
mod near;
mod odd;
mod regression;
mod rows;
mod thumbnail;

use std::path::Path;

use dataset::{Dataset, Split};
use metrics::{LabelIssue, label_issues};

pub use near::NearCopies;

use crate::{error::TrainError, train::Recipe};
use folds::Judged;
use rows::Rows;

/// Pictures that are compared with all others at most: their number's square is computed.
pub const MOST_COMPARED: usize = 100_000;

/// Where what is needed lies, and who is told.
pub struct Search<'a> {
    /// File of the pretrained weights.
    pub weights: &'a Path,
    /// Image size and what the last layer is trained with.
    pub recipe: Recipe,
    /// ONNX Runtime's library.
    pub runtime: Option<&'a Path>,
    /// Folder that features are kept in.
    pub features: &'a Path,
    /// Is told how many pictures have gone through the network.
    pub done: &'a (dyn Fn(usize) + Sync),
}

/// What was found. Pictures are numbered as in the split that was looked at.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Suspects {
    /// Pairs that show the same, surest first.
    pub near_copies: Vec<NearCopies>,
    /// Labels that networks contradict which learnt from other pictures, surest first.
    pub labels: Vec<LabelIssue>,
    /// Pictures that are far from all others, farthest first.
    pub odd: Vec<usize>,
    /// Classes with too few pictures for their labels to be looked at.
    pub few: Vec<usize>,
}

impl Suspects {
    /// Looks at the pictures of `split`, of `dataset`; all can be decoded.
    ///
    /// # Errors
    /// The weights cannot be read, ONNX Runtime is missing, or the features cannot be kept.
    pub fn find(dataset: &Dataset, split: &Split, search: &Search<'_>) -> Result<Self, TrainError> {
        if split.is_empty() {
            return Ok(Self::default());
        }
        let features = features::of(dataset, split, search)?;
        let (labels, classes) = (split.labels(), dataset.classes.len());
        let judged = Judged::by_others(&features, &labels, classes);
        let kept: Vec<usize> = judged.images.iter().map(|&image| labels[image]).collect();
        let issues = label_issues(&kept, &judged.probabilities, classes);
        let (near_copies, odd) = match split.len() <= MOST_COMPARED {
            true => (
                near::near_copies(&Rows::centred(&features), split)?,
                odd::odd_ones(&Rows::new(&features)),
            ),
            false => Default::default(),
        };
        Ok(Self {
            near_copies,
            odd,
            labels: issues
                .into_iter()
                .map(|issue| LabelIssue {
                    image: judged.images[issue.image],
                    ..issue
                })
                .collect(),
            few: judged.few,
        })
    }
}
