//! How good the exported model is on images that nothing was decided on.

use std::path::Path;

use dataset::Split;
use infer::{
    Classifier, EvaluateOptions, EvaluationOutcome, InferError, RunFacts,
    results::{RunningResults, Temperature},
};
use metrics::{ClassScores, Evaluation};
use trainer::{TrainError, export::Answers, train::ClassBalance, train::Job};

/// Classes shown at either end.
const SHOWN: usize = 5;

/// What the exported model scores on a split.
pub(super) struct Scored<'a> {
    /// `test`, or `val` where there is no test split.
    pub name: &'static str,
    pub images: &'a Split,
    pub run: RunFacts,
    pub outcome: EvaluationOutcome,
    /// Or why there is none.
    pub temperature: Result<Temperature, String>,
}

impl<'a> Scored<'a> {
    /// Runs the ONNX file `model` on `test`; `validation` is what it answered there.
    ///
    /// # Errors
    /// An image that cannot be read, or what ONNX Runtime answers.
    pub fn on_test(
        job: &Job<'_>,
        model: &Path,
        test: &'a Split,
        validation: &Answers,
    ) -> Result<Self, TrainError> {
        let classifier = Classifier::builder()
            .device(infer::Device::Cpu)
            .runtime(job.runtime.map(Path::to_owned))
            .from_file(model)?;
        let options = EvaluateOptions::default();
        let fitted = validation.logits.fit(Some(validation.outcome.times.wall));
        let mut running = RunningResults::new(job.contract, Some(fitted));
        let times = infer::evaluate_each(&classifier, test, &options, &mut |answer| {
            running.add(answer);
            Ok::<(), InferError>(())
        })?;
        let (outcome, temperature) = running.finish(times);
        Ok(Self {
            name: "test",
            images: test,
            run: RunFacts::new(&classifier, &options),
            outcome,
            temperature,
        })
    }

    /// Takes the answers on the validation split, `images`.
    pub fn on_validation(images: &'a Split, validation: &Answers) -> Self {
        Self {
            name: "val",
            images,
            run: validation.run.clone(),
            outcome: validation.outcome.clone(),
            temperature: validation.logits.fit(None).map(Temperature::of_evaluated),
        }
    }
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

/// How many of the images of the classes that are rare in training are right, where there
/// are such classes: the accuracy hardly shows them.
pub(super) fn rarest(
    split: &str,
    evaluation: &Evaluation,
    balance: &ClassBalance<'_>,
) -> Option<String> {
    let named: Vec<String> = balance
        .rare()
        .into_iter()
        .map(|class| (&evaluation.report.classes[class], balance.counts[class]))
        .filter(|(class, _)| class.support > 0)
        .take(SHOWN)
        .map(|(class, trained)| {
            format!(
                "{} {:.1} % of {} ({trained} in training)",
                class.name,
                100.0 * class.recall,
                class.support
            )
        })
        .collect();
    (!named.is_empty()).then(|| format!("rarest   recall on {split}: {}", named.join(", ")))
}

#[cfg(test)]
mod tests {
    use metrics::RunningEvaluation;

    use super::*;

    fn names() -> Vec<String> {
        (0..12).map(|class| format!("class{class}")).collect()
    }

    /// Class n of twelve is right for n of its twelve images.
    fn evaluation() -> Evaluation {
        let mut running = RunningEvaluation::new(&names());
        for label in 0..12 {
            for image in 0..12 {
                let mut logits = vec![0.0; 12];
                let predicted = if image < label {
                    label
                } else {
                    (label + 1) % 12
                };
                logits[predicted] = 1.0;
                running.add(&logits, label);
            }
        }
        running.finish()
    }

    #[test]
    fn weakest_and_strongest_are_named() {
        let text = summary(&evaluation());
        let lines: Vec<&str> = text.lines().collect();
        assert!(lines[0].contains("top-1 45.83 %") && lines[0].contains("144 images"));
        assert!(lines[1].starts_with("weakest  class0 0.0 %, class1 8.3 %"));
        assert!(lines[2].starts_with("strongest class11 91.7 %, class10 83.3 %"));
    }

    #[test]
    fn recall_of_rare_classes_is_named() {
        let names = names();
        let mut balance = ClassBalance {
            classes: &names,
            counts: vec![100; 12],
        };
        assert_eq!(rarest("test", &evaluation(), &balance), None);
        balance.counts[6] = 4;
        balance.counts[11] = 3;
        assert_eq!(
            rarest("test", &evaluation(), &balance).unwrap(),
            "rarest   recall on test: class11 91.7 % of 12 (3 in training), class6 50.0 % of 12 (4 in training)"
        );
    }
}
