//! Where data sets, weights and ONNX Runtime are.

use std::path::{Path, PathBuf};

use clap::Args;
use contract::Contract;
use dataset::{Dataset, DatasetError, Given, OpenOptions, Source, open_trained_on};
use pretrained::ModelsFolders;

/// Which data set, and where it is.
#[derive(Debug, Clone, Args)]
pub struct DatasetArguments {
    /// Data set: `digits`, `cifar100`, a folder with one folder a class (`train/`, `val/` and
    /// `test/` in it, or one tree to be split), an archive of one (.zip, .tar, .tar.gz), or a
    /// table of files and labels (.csv, .tsv)
    #[arg(long, value_name = "NAME|PATH")]
    pub dataset: Option<Source>,
    /// CIFAR-100 archive or extracted folder to read instead of the one under the data folder
    #[arg(long, value_name = "PATH", env = "CIFAR100_PATH")]
    pub data_path: Option<PathBuf>,
    /// Folder that data sets are kept in [default: data, or what the run says]
    #[arg(long, value_name = "DIR")]
    pub data_dir: Option<PathBuf>,
    /// Leave pictures that cannot be decoded out of training and evaluation
    #[arg(long)]
    pub skip_broken: bool,
}

impl DatasetArguments {
    /// What was asked for.
    pub fn given(&self) -> Given {
        Given {
            source: self.dataset.clone(),
            local: self.data_path.clone(),
            data_dir: self.data_dir.clone(),
            skip_broken: self.skip_broken,
        }
    }

    /// Where data sets are, if no run says so.
    pub fn options(&self) -> OpenOptions {
        self.given().options()
    }

    /// Opens the data set asked for, else the one that `checkpoint`, whose contract is given, was
    /// trained on.
    pub fn open_trained_on(
        &self,
        contract: &Contract,
        checkpoint: &Path,
    ) -> Result<Dataset, DatasetError> {
        let (trained_on, classes) = (&contract.training.dataset, &contract.classes);
        open_trained_on(trained_on, classes, &[checkpoint], &self.given()).inspect(say_notes)
    }

    /// Opens the data set asked for, else `default`. The test split of data without one is a
    /// fifth of what there is to learn from, or this `test_fraction`.
    pub fn open(
        &self,
        default: &Source,
        test_fraction: Option<f64>,
    ) -> Result<Dataset, DatasetError> {
        let source = self.dataset.as_ref().unwrap_or(default);
        let options = OpenOptions {
            test_fraction,
            ..self.options()
        };
        dataset::open(source, &options).inspect(say_notes)
    }
}

/// Says what is odd about a data set.
pub fn say_notes(dataset: &Dataset) {
    for note in &dataset.notes {
        super::note::note(note);
    }
}

/// Where pretrained weights are kept.
#[derive(Debug, Clone, Args)]
pub struct ModelsArguments {
    /// Folder that pretrained weights are kept in [default: models here, models/ of the program's
    /// checkout, ~/.local/share/trainer/models]
    #[arg(long, value_name = "DIR")]
    pub models_dir: Option<PathBuf>,
}

impl ModelsArguments {
    /// Where weights are looked for, and where new ones go.
    pub fn folders(&self) -> ModelsFolders {
        ModelsFolders::new(self.models_dir.as_deref())
    }
}

/// Which ONNX Runtime checks the export.
#[derive(Debug, Clone, Args)]
pub struct RuntimeArguments {
    /// ONNX Runtime's shared library, or a folder that holds it [default: ORT_DYLIB_PATH, beside
    /// the program, .onnxruntime/ of its checkout, ~/.local/share/infer, the system's]
    #[arg(long, value_name = "PATH")]
    pub runtime: Option<PathBuf>,
}
