//! Classification metrics with scikit-learn's semantics, for one label an image.
//!
//! - [`softmax`], [`cross_entropy`]: probabilities and loss from logits.
//! - [`argmax`], [`top_k`], [`in_top_k`]: the classes ranked highest.
//! - [`ConfusionMatrix`]: counts by true label and prediction, as CSV too.
//! - [`ClassificationReport`]: precision, recall, F1 and support; its
//!   `Display` is scikit-learn's `classification_report` text.
//! - [`mcnemar`]: whether two classifiers are equally good.
//! - [`RunningEvaluation`], [`Evaluation`]: all of the above in one pass over
//!   a data set, mergeable between threads.
//!
//! An index out of range or two sizes that do not agree is a mistake of the
//! calling code and panics; values (NaN, infinity, no images) never do.

mod classification_report;
mod confusion;
mod cross_entropy;
mod evaluation;
mod mcnemar;
mod softmax;
mod top_k;

pub use classification_report::{ClassScores, ClassificationReport, Scores};
pub use confusion::ConfusionMatrix;
pub use cross_entropy::cross_entropy;
pub use evaluation::{Evaluation, RunningEvaluation};
pub use mcnemar::{McNemar, mcnemar};
pub use softmax::softmax;
pub use top_k::{argmax, in_top_k, top_k};
