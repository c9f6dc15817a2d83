//! Plots and reports, as files.
//!
//! - [`write_curves`]: loss or accuracy by epoch, PNG and SVG.
//! - [`write_learning_rate`]: the learning rate by step, PNG and SVG.
//! - [`write_range_test`]: loss by learning rate, PNG and SVG.
//! - [`write_confusion_png`]: a confusion matrix one can read, PNG.
//! - [`write_contact_sheet_png`]: images side by side with captions, PNG.
//! - [`write_reliability_png`]: accuracy by confidence, PNG.
//! - [`write_grid_png`]: pictures with true and predicted classes, PNG.
//! - [`write_html`]: everything about an evaluation in one HTML file.
//! - [`write_data_page`]: what needs a look in a data set, in one HTML file.
//!
//! A font is embedded, so nothing has to be installed. Files appear whole or
//! not at all.

#![cfg_attr(
    test,
    expect(clippy::unwrap_used, reason = "a test fails by panicking")
)]

mod axis;
mod canvas;
mod colour;
mod confusion;
mod contact_sheet;
mod curves;
mod error;
mod grid;
mod html;
mod learning_rate;
mod output;
mod picture;
mod plot;
mod range_test;
mod reliability;
mod scale;
mod text;

pub use confusion::write_confusion_png;
pub use contact_sheet::{Tile, write_contact_sheet_png};
pub use curves::{Curve, write_curves};
pub use error::ReportError;
pub use grid::write_grid_png;
pub use html::{
    CurvePlot, DataItem, DataPage, DataSection, EvaluationPage, write_data_page, write_html,
};
pub use learning_rate::write_learning_rate;
pub use picture::Picture;
pub use range_test::write_range_test;
pub use reliability::{ScaledCalibration, write_reliability_png};
