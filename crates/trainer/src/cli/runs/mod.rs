//! `trainer runs`: the runs below a folder, one a line.

mod find;
mod summary;
mod table;

use std::{io::ErrorKind, path::PathBuf, process::ExitCode};

use clap::Args;
use trainer::TrainError;

use self::{find::find_runs, summary::RunSummary};
use super::{note::note, output::print};

/// Where `trainer fit` puts its runs.
const RUNS: &str = "runs";

#[derive(Debug, Args)]
pub struct RunsArguments {
    /// Folder to look below [default: runs]
    #[arg(value_name = "DIR")]
    folder: Option<PathBuf>,
    /// Print one JSON document instead of a table
    #[arg(long)]
    json: bool,
}

pub fn run(arguments: &RunsArguments) -> anyhow::Result<ExitCode> {
    let given = arguments.folder.as_deref();
    let folder = given.unwrap_or(RUNS.as_ref());
    let found = match find_runs(folder) {
        // Before the first run there is no such folder.
        Err(error) if given.is_none() && error.kind() == ErrorKind::NotFound => Vec::new(),
        found => found.map_err(|source| TrainError::Io {
            action: "read",
            path: folder.to_owned(),
            source,
        })?,
    };
    let mut runs: Vec<RunSummary> = found.iter().map(|path| RunSummary::read(path)).collect();
    runs.sort_by(|a, b| (b.changed_unix, &a.folder).cmp(&(a.changed_unix, &b.folder)));
    if runs.is_empty() {
        note(format_args!("no runs below {}", folder.display()));
    }
    let text = match arguments.json {
        true => serde_json::to_string_pretty(&runs)?,
        false if runs.is_empty() => return Ok(ExitCode::SUCCESS),
        false => table::table(&runs),
    };
    print(text)?;
    Ok(ExitCode::SUCCESS)
}
