//! What several tests need.

use contract::{Preprocessing, Resize};

use crate::transforms::Operation;

/// A network that sees 24 rows and 20 columns.
pub(crate) fn network() -> Preprocessing {
    Preprocessing {
        resize: Resize::OpencvCubic,
        height: 24,
        width: 20,
        scale: 1.0 / 255.0,
        mean: [0.5; 3],
        std: [0.25; 3],
    }
}

/// Name of an operation without its magnitude.
pub(crate) fn name(operation: &Operation) -> String {
    let text = format!("{operation:?}");
    text.split('(').next().unwrap().to_owned()
}
