//! Colours of stderr and of tables. Written through `anstream`, which leaves
//! them out where they are not wanted: no terminal, `NO_COLOR`, `--color never`.

use anstyle::{AnsiColor, Style};

/// Headers.
pub const BOLD: Style = Style::new().bold();
/// The word `error:`.
pub const ERROR: Style = AnsiColor::Red.on_default().bold();
/// The word `warning:`.
pub const WARNING: Style = AnsiColor::Yellow.on_default().bold();
/// The words `hint:` and `note:`.
pub const HINT: Style = AnsiColor::Cyan.on_default();
