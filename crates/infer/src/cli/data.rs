//! The data set to evaluate on, and whether it is the model's.

use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use contract::Contract;
use dataset::{Dataset, Given, Source, Split, open_trained_on, stratified_limit};

use super::verbosity::warn;
use super::{Failure, Verbosity};

/// Arguments that name a data set.
#[derive(Debug, Args)]
pub struct SourceArgs {
    /// `digits`, `cifar100`, a folder with one folder a class, an archive of one
    /// (.zip, .tar, .tar.gz) or a table of files and labels (.csv, .tsv)
    /// [default: the data set that the model was trained on, where the run.json
    /// beside or above the model has it].
    #[arg(long, value_name = "NAME|PATH")]
    dataset: Option<Source>,

    /// CIFAR-100 archive (.tar.gz) or extracted folder.
    #[arg(long, value_name = "PATH", env = "CIFAR100_PATH")]
    data_path: Option<PathBuf>,

    /// Folder of downloaded data sets [default: the run's, else data].
    #[arg(long, value_name = "DIR")]
    data_dir: Option<PathBuf>,

    /// Leave pictures that cannot be decoded out.
    #[arg(long)]
    skip_broken: bool,
}

impl SourceArgs {
    fn given(&self) -> Given {
        Given {
            source: self.dataset.clone(),
            local: self.data_path.clone(),
            data_dir: self.data_dir.clone(),
            skip_broken: self.skip_broken,
        }
    }
}

/// Arguments that name a split of a data set.
#[derive(Debug, Args)]
pub struct DataArgs {
    #[command(flatten)]
    pub source: SourceArgs,

    /// The split to evaluate on; train and val are those of the training, with
    /// its limits, and all is everything.
    #[arg(long, value_enum, default_value_t = SplitName::Test)]
    pub split: SplitName,
}

/// A split of a data set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum SplitName {
    /// Images that the network learnt from.
    Train,
    /// Images that the model was chosen by.
    Val,
    /// Held-out images.
    Test,
    /// All images of the data set.
    All,
}

impl SplitName {
    /// The name on the command line.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Train => "train",
            Self::Val => "val",
            Self::Test => "test",
            Self::All => "all",
        }
    }
}

/// An opened data set and the part of it to evaluate on.
pub struct Data {
    pub name: String,
    pub sha256: String,
    pub split_name: SplitName,
    /// Whether its contents are those that the model was trained on.
    pub matches_training: bool,
    pub split: Split,
    /// The validation split, or why there is none.
    pub validation: Result<Split, Failure>,
}

/// Opens the data set, checks it against the contract and takes the split. What the
/// arguments leave open is what the run of one of the `models` says.
pub fn open(
    args: &SourceArgs,
    split_name: SplitName,
    contract: &Contract,
    models: &[&Path],
    verbosity: Verbosity,
) -> Result<Data, Failure> {
    let trained_on = &contract.training.dataset;
    let dataset = open_trained_on(trained_on, &contract.classes, models, &args.given())?;
    for note in &dataset.notes {
        verbosity.note(note);
    }
    let matches_training = dataset.sha256 == trained_on.sha256;
    if !matches_training {
        warn(&format!(
            "data set {} differs from the one that the model was trained on ({}): sha256 {}, there {}",
            dataset.name, trained_on.name, dataset.sha256, trained_on.sha256
        ));
    }
    let split = take_split(&dataset, split_name, contract)?;
    if matches_training {
        if split_name == SplitName::All {
            verbosity.note("the model has learnt from most of these images");
        }
        check_size(split_name, split.len(), contract);
    }
    let validation = take_split(&dataset, SplitName::Val, contract);
    Ok(Data {
        name: dataset.name,
        sha256: dataset.sha256,
        split_name,
        matches_training,
        split,
        validation,
    })
}

fn take_split(dataset: &Dataset, name: SplitName, contract: &Contract) -> Result<Split, Failure> {
    let absent = |reason: &str, hint: &str| {
        Err(Failure::new(
            format!(
                "data set {} has no {} split: {reason}",
                dataset.name,
                name.as_str()
            ),
            hint,
        ))
    };
    let recorded = &contract.training.dataset.split;
    let split = match (name, &dataset.test, &dataset.val, recorded) {
        (SplitName::All, ..) => return Ok(dataset.all()),
        (SplitName::Test, Some(test), ..) => return Ok(test.clone()),
        (SplitName::Test, None, ..) => {
            return absent(
                "it came without one",
                "add a test/ folder, or evaluate on --split val",
            );
        }
        (SplitName::Val, _, Some(val), _) => val.clone(),
        (SplitName::Train | SplitName::Val, ..) if dataset.train.is_empty() => {
            return absent("it has no images to learn from", "evaluate on --split test");
        }
        (SplitName::Train, _, Some(_), _) | (SplitName::Train, _, None, None) => {
            dataset.train.clone()
        }
        (SplitName::Val, _, None, None) => {
            return absent(
                "neither it nor the model's contract defines one",
                "evaluate on --split test",
            );
        }
        (SplitName::Train | SplitName::Val, _, None, Some(split)) => {
            let parts = dataset.split_train(split.val_fraction, split.seed)?;
            let indices = if name == SplitName::Val {
                parts.val
            } else {
                parts.train
            };
            dataset.train.subset(&indices)
        }
    };
    let (limit, seed) = recorded_limit(name, contract);
    Ok(stratified_limit(&split, limit, &dataset.classes, seed)?)
}

/// The most images of a split that the training used (0: all), and the seed
/// that chose them, as the trainer's recipe names them. A recipe without them
/// had no limits.
fn recorded_limit(name: SplitName, contract: &Contract) -> (usize, u64) {
    let recipe = &contract.training.recipe;
    let number = |key: &str| recipe[key].as_u64().unwrap_or(0);
    let limit = match name {
        SplitName::Train => number("train_limit"),
        SplitName::Val => number("val_limit"),
        SplitName::Test | SplitName::All => 0,
    };
    (usize::try_from(limit).unwrap_or(0), number("seed"))
}

/// Warns where a split is not as large as the contract says: then it is not the
/// one of the training.
fn check_size(name: SplitName, images: usize, contract: &Contract) {
    let recorded = &contract.training.dataset;
    let expected = match name {
        SplitName::Train => recorded.train,
        SplitName::Val => recorded.val,
        SplitName::Test => recorded.test,
        // What training had may be limited.
        SplitName::All => return,
    };
    if images != expected {
        warn(&format!(
            "the {} split has {images} images, in training it had {expected}",
            name.as_str()
        ));
    }
}
