//! The page about a run, for a browser.

use std::path::PathBuf;

use infer::results::{
    EvalResults, Evaluated, EvaluatedSplit, ResultsError, learning_curves, write_html,
};
use trainer::train::{Finding, Job};

use super::test_split::Scored;

/// Seed of the intervals and of the pictures drawn at random: that of `infer eval`.
const SEED: u64 = 0;

/// Writes what `infer eval --html` would write for the same split, and `findings`.
///
/// # Errors
/// A picture cannot be read, or the file not be written.
pub(super) fn write(
    job: &Job<'_>,
    scored: &Scored<'_>,
    findings: &[Finding],
) -> Result<PathBuf, ResultsError> {
    let model = job.run.model();
    let findings: Vec<String> = findings.iter().map(Finding::in_one_line).collect();
    let evaluated = Evaluated {
        model: &model,
        contract: job.contract,
        split: EvaluatedSplit {
            dataset: &job.data.info.name,
            sha256: &job.data.info.sha256,
            name: scored.name,
            matches_training: true,
            images: scored.images,
        },
        run: &scored.run,
        outcome: &scored.outcome,
        temperature: &scored.temperature,
        findings: &findings,
        seed: SEED,
    };
    // The history lies beside the model, or the run would not have come to its end.
    let curves = learning_curves(&model).unwrap_or_default();
    let path = job.run.report();
    write_html(&path, &evaluated, &EvalResults::new(&evaluated), &curves)?;
    Ok(path)
}
