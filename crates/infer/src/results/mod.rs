//! What an evaluation comes to: every figure with its interval, the temperature, the worst
//! errors, and the page that shows them (feature `report`).
//!
//! [`RunningResults`] gathers answers, [`EvalResults`] works out the figures of what was
//! gathered, [`write_html`] and [`write_grid`] show them. `infer eval`, `infer merge` and
//! the end of `trainer fit` all come this way.

mod document;
mod error;
mod history;
mod page;
mod pictures;
mod running;
mod temperature;

pub use document::{
    BootstrapFacts, ClassAccuracy, ConfusedClasses, DatasetFacts, EvalResults, Evaluated,
    EvaluatedSplit, ModelFacts, SuperclassResults, WorstError,
};
pub use error::ResultsError;
pub use history::learning_curves;
pub use page::{write_grid, write_html};
pub use running::RunningResults;
pub use temperature::{FittedTemperature, Temperature, ValidationLogits};
