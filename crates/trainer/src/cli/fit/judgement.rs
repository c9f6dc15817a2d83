//! The end of a run: what it has to say of itself, how good its model is, and the page
//! about both.

use trainer::{
    TrainError,
    export::ExportCheck,
    train::{self, ClassBalance, FinishedRun, History, Job},
};

use super::{
    page,
    test_split::{self, Scored},
};
use crate::cli::progress::TerminalFeedback;

/// Judges a run that went to its end by its `history` and by what the exported model
/// answered when it was checked; runs the model on the test split if there is one. `go_on`
/// is the command that goes on with the run.
///
/// # Errors
/// The test split cannot be read or run, or its figures not be written. A page that cannot
/// be made is a warning.
pub(super) fn judge(
    job: &Job<'_>,
    history: &History,
    check: &ExportCheck,
    go_on: &str,
    feedback: &TerminalFeedback,
) -> Result<(), TrainError> {
    let data = job.data;
    let balance = ClassBalance::new(&data.classes, &data.train.labels());
    let findings = train::findings(&FinishedRun {
        recipe: job.recipe,
        history,
        balance: &balance,
        validation: &check.answers.outcome.evaluation,
        held_out: data.info.split.is_some(),
        go_on,
    });
    for finding in &findings {
        feedback.say(&finding.to_string());
    }
    let scored = match &data.test {
        Some(test) => {
            let scored = Scored::on_test(job, &job.run.model(), test, &check.answers)?;
            job.run.write_test(&scored.outcome.evaluation)?;
            feedback.say(&test_split::summary(&scored.outcome.evaluation));
            scored
        }
        None => Scored::on_validation(&data.val, &check.answers),
    };
    if let Some(line) = test_split::rarest(scored.name, &scored.outcome.evaluation, &balance) {
        feedback.say(&line);
    }
    match page::write(job, &scored, &findings) {
        Ok(path) => feedback.say(&format!("report   {}", path.display())),
        Err(error) => feedback.say(&format!("warning: no report: {error}")),
    }
    Ok(())
}
