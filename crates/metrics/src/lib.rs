//! Classification metrics with scikit-learn's semantics, for one label an image.
//!
//! - [`softmax`], [`cross_entropy`]: probabilities and loss from logits.
//! - [`argmax`], [`top_k`], [`in_top_k`]: the classes ranked highest.
//! - [`ConfusionMatrix`]: counts by true label and prediction, as CSV too.
//! - [`ClassificationReport`]: precision, recall, F1 and support; its
//!   `Display` is scikit-learn's `classification_report` text.
//! - [`mcnemar`]: whether two classifiers are equally good.
//! - [`wilson_interval`]: how far a share of few images can be trusted.
//! - [`RunningEvaluation`], [`Evaluation`]: all of the above in one pass over
//!   a data set, mergeable between threads.
//! - [`ImageScores`]: loss, Brier score and confidence of one image, for
//!   - [`Calibration`], [`RunningCalibration`]: reliability diagram and
//!     expected calibration error;
//!   - [`Headline`]: every figure with its [`bootstrap`] interval.
//! - [`fit_temperature`]: temperature scaling.
//! - [`RangeTest`]: which learning rate to train with.
//!
//! An index out of range or two sizes that do not agree is a mistake of the
//! calling code and panics; values (NaN, infinity, no images) never do.

#![cfg_attr(
    test,
    expect(clippy::unwrap_used, reason = "a test fails by panicking")
)]

mod bootstrap;
mod calibration;
mod classification_report;
mod confused_pairs;
mod confusion;
mod cross_entropy;
mod evaluation;
mod headline;
mod image_scores;
mod label_issues;
mod mcnemar;
mod range_test;
mod softmax;
mod temperature;
mod top_k;
mod wilson;

pub use bootstrap::{BOOTSTRAP_RESAMPLES, CONFIDENCE_LEVEL, Estimate, bootstrap};
pub use calibration::{Calibration, RELIABILITY_BINS, ReliabilityBin, RunningCalibration};
pub use classification_report::{ClassScores, ClassificationReport, Scores};
pub use confused_pairs::ConfusedPair;
pub use confusion::ConfusionMatrix;
pub use cross_entropy::cross_entropy;
pub use evaluation::{Evaluation, RunningEvaluation};
pub use headline::Headline;
pub use image_scores::ImageScores;
pub use label_issues::{LabelIssue, label_issues};
pub use mcnemar::{McNemar, mcnemar};
pub use range_test::RangeTest;
pub use softmax::softmax;
pub use temperature::fit_temperature;
pub use top_k::{argmax, in_top_k, top_k};
pub use wilson::wilson_interval;
