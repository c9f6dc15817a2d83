//! Commands in a program's help.

use std::borrow::Cow;

use clap::Command;
use clap::builder::StyledStr;

use crate::Programs;

/// Spells the commands in the help of `command`, of its arguments and of its subcommands.
/// For parsing: what is generated from a command (manual pages, completions) is for every
/// user and keeps the plain names.
pub fn spelled(mut command: Command) -> Command {
    if let Some(text) = changed(command.get_after_help()) {
        command = command.after_help(text);
    }
    command
        .mut_args(|mut arg| {
            if let Some(text) = changed(arg.get_help()) {
                arg = arg.help(text);
            }
            if let Some(text) = changed(arg.get_long_help()) {
                arg = arg.long_help(text);
            }
            arg
        })
        .mut_subcommands(spelled)
}

/// The text spelled, if that makes a difference.
fn changed(text: Option<&StyledStr>) -> Option<String> {
    let text = text?.to_string();
    match Programs::get().spell(&text) {
        Cow::Owned(spelled) => Some(spelled),
        Cow::Borrowed(_) => None,
    }
}
