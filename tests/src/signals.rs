//! Signals to a program, and with which of them ignored it is started.

use std::process::{Child, Command};

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
    let mut shell = Command::new("sh");
    shell
        .args(["-c", &format!("trap '' {signals}; exec \"$@\""), "sh"])
        .arg(command.get_program())
        .args(command.get_args());
    if let Some(folder) = command.get_current_dir() {
        shell.current_dir(folder);
    }
    for (name, value) in command.get_envs() {
        match value {
            Some(value) => shell.env(name, value),
            None => shell.env_remove(name),
        };
    }
    shell
}
