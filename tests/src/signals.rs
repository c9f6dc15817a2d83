//! Signals to a program, and with which of them ignored it is started.

use std::process::{Child, Command};

use crate::program::in_shell;

/// Sends a signal: INT, HUP, TERM.
///
/// # Panics
/// If there is no such process any more.
pub fn signal(child: &Child, name: &str) {
    let id = child.id().to_string();
    let status = Command::new("kill").args([format!("-{name}"), id]).status();
    assert!(status.unwrap().success());
}

/// The command with these signals ignored, as `nohup` starts programs, or a shell without job
/// control those in the background.
pub fn ignoring(signals: &str, command: &Command) -> Command {
    in_shell(&format!("trap '' {signals}; exec \"$@\""), command)
}
