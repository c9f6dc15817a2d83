//! `infer completions` and `infer man`: what the shell and `man` know of the
//! program.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Args, CommandFactory as _};
use clap_complete::Shell;

use super::{Cli, Failure, output};

/// Arguments of `infer completions`.
#[derive(Debug, Args)]
pub struct CompletionsArgs {
    /// The shell.
    shell: Shell,
}

/// Arguments of `infer man`.
#[derive(Debug, Args)]
pub struct ManArgs {
    /// Folder for infer.1, infer-eval.1 and so on; made if it is not there.
    #[arg(value_name = "DIR")]
    dir: PathBuf,
}

/// Prints the completion script of a shell.
pub fn completions(args: &CompletionsArgs) -> Result<ExitCode, Failure> {
    // Into memory first: clap_complete panics when a reader goes away.
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "infer", &mut script);
    output::print(&String::from_utf8_lossy(&script))?;
    Ok(ExitCode::SUCCESS)
}

/// Writes a manual page for the program and each of its commands.
pub fn man(args: &ManArgs) -> Result<ExitCode, Failure> {
    std::fs::create_dir_all(&args.dir).map_err(|error| {
        Failure::new(
            format!("cannot make {}: {error}", args.dir.display()),
            "choose a folder that you may write to",
        )
    })?;
    let mut command = Cli::command();
    command.build();
    write_page(&args.dir, command.clone(), "infer")?;
    let documented = |command: &&clap::Command| command.get_name() != "help";
    for subcommand in command.get_subcommands().filter(documented) {
        let name = format!("infer-{}", subcommand.get_name());
        write_page(&args.dir, subcommand.clone(), &name)?;
    }
    Ok(ExitCode::SUCCESS)
}

fn write_page(dir: &Path, command: clap::Command, name: &str) -> Result<(), Failure> {
    let path = dir.join(format!("{name}.1"));
    let page = clap_mangen::Man::new(command)
        .title(name.to_owned())
        .source(concat!("infer ", env!("CARGO_PKG_VERSION")));
    let mut text = Vec::new();
    page.render(&mut text)
        .map_err(|error| output::internal("a manual page", &error))?;
    output::write_file(&path, &text)
}
