//! What is made of the results, for `infer eval` and `infer merge` alike.

use std::path::{Path, PathBuf};

use clap::Args;
use infer::results::{self, EvalResults, Evaluated};

use super::predictions::PredictionsFile;
use super::{files, text};
use crate::cli::{Failure, Verbosity, output};

/// Arguments that say what to make of the results.
#[derive(Debug, Args)]
pub struct OutputArgs {
    /// Seed of the bootstrap intervals and of the pictures drawn at random.
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub seed: u64,

    /// Write confusion.csv, confusion.png, reliability.png, report.txt and
    /// metrics.json there.
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,

    /// Write a report to open in a browser: one file, with all its pictures.
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,

    /// Write every image's label, prediction and probabilities: FILE.csv or FILE.jsonl.
    #[arg(long, value_name = "FILE")]
    pub predictions: Option<PredictionsFile>,

    /// Write 16 pictures drawn at random, with their labels and predictions, as PNG.
    #[arg(long, value_name = "FILE")]
    grid: Option<PathBuf>,

    /// Print one JSON document instead of tables.
    #[arg(long)]
    json: bool,
}

impl OutputArgs {
    /// Makes the folders of all files that are to be written, before time is
    /// spent on the evaluation.
    pub fn check(&self) -> Result<(), Failure> {
        if let Some(dir) = &self.out {
            files::check_folder(dir)?;
        }
        let predictions = self.predictions.as_ref().map(PredictionsFile::path);
        let paths = [self.html.as_deref(), predictions, self.grid.as_deref()];
        for path in paths.into_iter().flatten() {
            files::check_folder_of(path)?;
        }
        Ok(())
    }

    /// Prints the results and writes all files but the predictions.
    pub fn write(
        &self,
        evaluated: &Evaluated<'_>,
        results: &EvalResults<'_>,
        verbosity: Verbosity,
    ) -> Result<(), Failure> {
        if self.json {
            output::print_json(results)?;
        } else {
            output::print(&text::of(results))?;
        }
        let wrote = |path: &Path| verbosity.note(&format!("wrote {}", path.display()));
        if let Some(dir) = &self.out {
            files::write(dir, results)?;
            verbosity.note(&format!("wrote {}", files::names(dir)));
        }
        if let Some(path) = &self.grid {
            results::write_grid(path, evaluated, results)?;
            wrote(path);
        }
        if let Some(path) = &self.html {
            let curves = results::learning_curves(evaluated.model).unwrap_or_else(|reason| {
                verbosity.note(&format!("no learning curves: {reason}"));
                Vec::new()
            });
            results::write_html(path, evaluated, results, &curves)?;
            wrote(path);
        }
        Ok(())
    }
}
