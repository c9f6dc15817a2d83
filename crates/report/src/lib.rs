//! Plots of training curves and confusion matrices, as files.
//!
//! - [`write_curves`]: loss or accuracy by epoch, PNG and SVG.
//! - [`write_confusion_png`]: a confusion matrix one can read, PNG.
//! - [`write_contact_sheet_png`]: images side by side with captions, PNG.
//!
//! A font is embedded, so nothing has to be installed. Files appear whole or
//! not at all.

mod axis;
mod canvas;
mod colour;
mod confusion;
mod contact_sheet;
mod curves;
mod error;
mod output;
mod text;

pub use confusion::write_confusion_png;
pub use contact_sheet::{Tile, write_contact_sheet_png};
pub use curves::{Curve, write_curves};
pub use error::ReportError;
