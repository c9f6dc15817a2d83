//! Where data sets, weights and ONNX Runtime are.

use std::path::PathBuf;

use clap::Args;
use dataset::{Dataset, DatasetError, OpenOptions, Source};
use trainer::TrainError;

/// Which data set, and where it is.
#[derive(Debug, Clone, Args)]
pub struct DatasetArguments {
    /// Data set: `digits`, `cifar100`, or a folder with one folder a class
    /// (`train/`, `val/` and `test/` in it, or one tree to be split)
    #[arg(long, value_name = "NAME|DIR")]
    pub dataset: Option<Source>,
    /// CIFAR-100 archive or extracted folder to read instead of the one under the data folder
    #[arg(long, value_name = "PATH", env = "CIFAR100_PATH")]
    pub data_path: Option<PathBuf>,
    /// Folder that data sets are kept in
    #[arg(long, value_name = "DIR", default_value = "data")]
    pub data_dir: PathBuf,
}

impl DatasetArguments {
    /// Opens the data set asked for, else the one of the name that a contract
    /// records; a folder is recorded by its last part only, so it must be asked for.
    pub fn open_recorded(&self, name: &str) -> anyhow::Result<Dataset> {
        let recorded = match &self.dataset {
            Some(given) => given.clone(),
            None => Source::built_in(name).ok_or_else(|| TrainError::FolderNotRecorded {
                name: name.to_owned(),
            })?,
        };
        Ok(self.open(&recorded)?)
    }

    /// Opens the data set asked for, else `default`.
    pub fn open(&self, default: &Source) -> Result<Dataset, DatasetError> {
        let source = self.dataset.as_ref().unwrap_or(default);
        let options = OpenOptions {
            data_dir: self.data_dir.clone(),
            local: self.data_path.clone(),
        };
        let dataset = dataset::open(source, &options)?;
        for note in &dataset.notes {
            super::note::note(note);
        }
        Ok(dataset)
    }
}

/// Where pretrained weights are kept.
#[derive(Debug, Clone, Args)]
pub struct ModelsArguments {
    /// Folder that pretrained weights are kept in
    #[arg(long, value_name = "DIR", default_value = "models")]
    pub models_dir: PathBuf,
}

/// Which ONNX Runtime checks the export.
#[derive(Debug, Clone, Args)]
pub struct RuntimeArguments {
    /// ONNX Runtime's shared library, or a folder that holds it [default: ORT_DYLIB_PATH, beside
    /// the program, .onnxruntime/ of its checkout, ~/.local/share/infer, the system's]
    #[arg(long, value_name = "PATH")]
    pub runtime: Option<PathBuf>,
}
