//! What the end-to-end tests of `trainer` and `infer` share; the tests are the
//! files beside this folder.
//!
//! They run the binaries that lie in the same target folder. `cargo test
//! --workspace` builds those first; `cargo test -p end-to-end` alone does not
//! and runs what was built last.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod check;
mod cifar;
mod folder;
mod model;
mod outcome;
mod printed;
mod program;
mod signals;

pub use check::{assert_failure, assert_wrong_usage, json, stdout};
pub use cifar::{cifar_archive, cifar_files};
pub use folder::{COLOURS, write_folder};
pub use model::{SMALL_NETWORK, SMALL_RUN, TINY_RUN, small_fit, trained_digits};
pub use outcome::assert_same_outcome;
pub use printed::{printed, printed_in_hint, shell};
pub use program::{in_shell, infer, onnxruntime, project_root, run, text, trainer};
pub use signals::{ignoring, signal};
