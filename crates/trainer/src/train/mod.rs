//! Fine-tuning: recipe, data, batches, loop, and what a run leaves behind.

mod contract;
mod data;
mod fit;
mod head;
mod history;
mod loader;
mod optimizer;
mod recipe;
mod run_folder;
mod schedule;
mod validate;

pub use contract::contract;
pub use data::TrainingData;
pub use fit::{Feedback, Job, Outcome, fit};
pub use head::{FeatureSource, Features, fit_head};
pub use history::{EpochRecord, History};
pub use loader::{Batch, Loader};
pub use optimizer::optimizer;
pub use recipe::{BUILT_IN, OptimizerKind, Recipe, Schedule};
pub use run_folder::RunFolder;
pub use schedule::LearningRate;
pub use validate::validate;
