//! Lines for a person, on stderr.

use std::{fmt::Display, io::Write};

/// Says `line` on stderr. Nobody may be listening any more (a closed pipe, a
/// lost connection): that is no reason to end a run.
pub fn note(line: impl Display) {
    let _ = writeln!(std::io::stderr(), "{line}");
}
