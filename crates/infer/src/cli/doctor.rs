//! `infer doctor`: what the machine has, of what running a model needs.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use infer::doctor::{self, Check, Status};

use super::{Failure, output};

pub const EXIT_CODES: &str = "\
Exit codes: 0 models run on the CPU (a GPU may be missing), 1 they do not,
2 wrong usage, 130 interrupted.";

/// Width of the column of names.
const WIDTH: usize = 22;

/// Arguments of `infer doctor`.
#[derive(Debug, Args)]
pub struct DoctorArgs {
    /// ONNX Runtime shared library, or the folder that holds it.
    #[arg(long, value_name = "PATH")]
    runtime: Option<PathBuf>,

    /// Print one JSON document instead of lines.
    #[arg(long)]
    json: bool,
}

/// Runs the command.
pub fn run(args: &DoctorArgs) -> Result<ExitCode, Failure> {
    let checks = doctor::all(args.runtime.as_deref());
    if args.json {
        output::print_json(&checks)?;
    } else {
        let lines: Vec<String> = checks.iter().map(line).collect();
        output::print(&lines.join("\n"))?;
    }
    let failed = checks.iter().any(|check| check.status == Status::Failed);
    Ok(if failed {
        ExitCode::FAILURE
    } else {
        ExitCode::SUCCESS
    })
}

/// One line: `missing  cuDNN  no libcudnn.so.9: install ...`.
fn line(check: &Check) -> String {
    let status = check.status.to_string();
    let line = format!("{status:8} {:WIDTH$} {}", check.name, check.found);
    let line = match &check.remedy {
        Some(remedy) => format!("{line}; {remedy}"),
        None => line,
    };
    output::printable(&line)
}
