//! Commands that a program printed, and a shell to run them.

use std::path::Path;
use std::process::{Command, Output};

use crate::program::{VARIABLES, run};

/// The command in the line of stderr that begins with `start`.
///
/// # Panics
/// If there is not one such line.
pub fn printed(output: &Output, start: &str) -> String {
    let stderr = String::from_utf8(output.stderr.clone()).unwrap();
    let mut lines = stderr.lines().filter_map(|line| line.strip_prefix(start));
    match (lines.next(), lines.next()) {
        (Some(line), None) => line.to_owned(),
        found => panic!("{start}: {found:?}\n{stderr}"),
    }
}

/// The first command in backticks in the hint on stderr.
///
/// # Panics
/// If there is none.
pub fn printed_in_hint(output: &Output) -> String {
    let hint = printed(output, "hint: ");
    let command = hint.split('`').nth(1);
    command
        .unwrap_or_else(|| panic!("no command: {hint}"))
        .to_owned()
}

/// Runs a line in a shell that stands in `cwd`, as a person does who copies it there.
///
/// # Panics
/// If there is no shell.
pub fn shell(cwd: &Path, line: &str) -> Output {
    let mut command = Command::new("sh");
    command.current_dir(cwd).args(["-c", line]);
    for variable in VARIABLES {
        command.env_remove(variable);
    }
    run(&mut command)
}
