//! The end of a run: how good the exported model is on images that nothing was
//! decided on.

use std::path::Path;

use dataset::Split;
use infer::{Classifier, EvaluateOptions};
use metrics::{ClassScores, Evaluation};
use trainer::TrainError;

/// Classes shown at either end.
const SHOWN: usize = 5;

/// Scores the ONNX file `model` on `test`.
pub(super) fn evaluate(
    model: &Path,
    test: &Split,
    runtime: Option<&Path>,
) -> Result<Evaluation, TrainError> {
    let classifier = Classifier::builder()
        .device(infer::Device::Cpu)
        .runtime(runtime.map(Path::to_owned))
        .from_file(model)?;
    let outcome = infer::evaluate(&classifier, test, &EvaluateOptions::default(), &|_| {})?;
    Ok(outcome.evaluation)
}

/// Accuracy, and the classes it is lowest and highest in.
pub(super) fn summary(evaluation: &Evaluation) -> String {
    let mut classes: Vec<&ClassScores> = evaluation
        .report
        .classes
        .iter()
        .filter(|class| class.support > 0)
        .collect();
    classes.sort_by(|a, b| a.recall.total_cmp(&b.recall));
    let mut text = format!(
        "test     top-1 {:.2} % top-5 {:.2} % of {} images through ONNX Runtime",
        100.0 * evaluation.top1,
        100.0 * evaluation.top5,
        evaluation.images,
    );
    let weakest: Vec<&ClassScores> = classes.iter().take(SHOWN).copied().collect();
    let strongest: Vec<&ClassScores> = classes.iter().rev().take(SHOWN).copied().collect();
    // With few classes the two would say the same.
    if classes.len() >= 2 * SHOWN {
        text += &format!(
            "\nweakest  {}\nstrongest {}",
            list(&weakest),
            list(&strongest)
        );
    }
    text
}

fn list(classes: &[&ClassScores]) -> String {
    let named: Vec<String> = classes
        .iter()
        .map(|class| format!("{} {:.1} %", class.name, 100.0 * class.recall))
        .collect();
    named.join(", ")
}

#[cfg(test)]
mod tests {
    use metrics::RunningEvaluation;

    use super::*;

    #[test]
    fn weakest_and_strongest_are_named() {
        let names: Vec<String> = (0..12).map(|class| format!("class{class}")).collect();
        let mut running = RunningEvaluation::new(&names);
        for label in 0..12 {
            for image in 0..12 {
                let mut logits = vec![0.0; 12];
                // Class n is right for n of its images.
                logits[if image < label {
                    label
                } else {
                    (label + 1) % 12
                }] = 1.0;
                running.add(&logits, label);
            }
        }
        let text = summary(&running.finish());
        let lines: Vec<&str> = text.lines().collect();
        assert!(lines[0].contains("top-1 45.83 %") && lines[0].contains("144 images"));
        assert!(lines[1].starts_with("weakest  class0 0.0 %, class1 8.3 %"));
        assert!(lines[2].starts_with("strongest class11 91.7 %, class10 83.3 %"));
    }
}
