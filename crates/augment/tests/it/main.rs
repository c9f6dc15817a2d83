//! Tests against the libraries that `augment` follows, and properties that hold
//! for every recipe.
#![expect(clippy::unwrap_used, reason = "a test may panic")]

mod fixtures;
mod golden;
mod properties;
mod spaces;
mod statistics;
