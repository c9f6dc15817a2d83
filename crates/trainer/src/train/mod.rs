//! Fine-tuning: recipe, data, batches, loop, and what a run leaves behind.

mod balance;
mod cached;
mod choice;
mod class_weights;
mod contract;
mod data;
mod devices;
mod ema;
mod findings;
mod fit;
mod gradients;
mod head;
mod history;
mod loader;
mod loss;
mod optimizer;
mod pixels;
mod recipe;
mod run_folder;
mod sampler;
mod schedule;
mod state;
mod validate;

pub use balance::ClassBalance;
pub use cached::{cached_rows, hash_tensors};
pub use choice::{Choice, FEW_IMAGES, choose};
pub use class_weights::{class_counts, class_weights};
pub use contract::contract;
pub use data::TrainingData;
pub use findings::{Finding, FinishedRun, findings};
pub use fit::{
    Estimate, Feedback, Job, Outcome, SizeEstimate, Start, StepRecord, estimate,
    find_learning_rate, fit,
};
pub use head::{FeatureSource, Features, fit_head};
pub use history::{EpochRecord, History, Speed};
pub use loader::{Batch, Loader};
pub use optimizer::optimizer;
pub use pixels::Pixels;
pub use recipe::{
    Amount, BuiltIn, ClassWeighting, Monitor, OptimizerKind, PrecisionKind, Recipe, ResizeKind,
    SamplerKind, ScheduleKind, Selection, parse_value,
};
pub use run_folder::RunFolder;
pub use schedule::{LearningRate, Patience};
pub use state::{Progress, Sums, TrainingState};
pub use validate::validate;
