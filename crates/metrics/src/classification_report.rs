//! Precision, recall and F1 by class, as scikit-learn reports them.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::confusion::{ConfusionMatrix, ratio};

/// Precision, recall and F1, each in `[0, 1]`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Scores {
    /// Share of the images predicted as the class that are of the class.
    pub precision: f64,
    /// Share of the images of the class that are predicted as the class.
    pub recall: f64,
    /// Harmonic mean of precision and recall.
    pub f1: f64,
}

/// The scores of one class.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ClassScores {
    /// The class's name.
    pub name: String,
    /// As in [`Scores::precision`]; 0 if the class was never predicted.
    pub precision: f64,
    /// As in [`Scores::recall`]; 0 if no image has the class.
    pub recall: f64,
    /// As in [`Scores::f1`]; 0 if the class has neither images nor predictions.
    pub f1: f64,
    /// Images whose true label is the class.
    pub support: u64,
}

/// Scores of all classes and their averages.
///
/// The numbers and the text (`Display`) are those of scikit-learn's
/// `classification_report(y_true, y_pred, labels=range(n),
/// target_names=names, digits=4, zero_division=0)`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ClassificationReport {
    /// One entry a class, in the order of the class indices.
    pub classes: Vec<ClassScores>,
    /// Share of images whose prediction is their label, in `[0, 1]`.
    pub accuracy: f64,
    /// Mean over all classes, also those without images or predictions.
    pub macro_average: Scores,
    /// Mean over all classes weighted by support.
    pub weighted_average: Scores,
    /// Images in all.
    pub support: u64,
}

impl ClassificationReport {
    /// The report on `matrix`, whose classes are called `names`.
    ///
    /// # Panics
    /// If there is not one name for each class.
    pub fn new(matrix: &ConfusionMatrix, names: &[String]) -> Self {
        matrix.check_names(names);
        let classes: Vec<ClassScores> = names
            .iter()
            .enumerate()
            .map(|(class, name)| {
                let hits = matrix.get(class, class);
                let (support, predicted) = (matrix.labelled(class), matrix.predicted(class));
                ClassScores {
                    name: name.clone(),
                    precision: ratio(hits, predicted),
                    recall: ratio(hits, support),
                    f1: ratio(2 * hits, support + predicted),
                    support,
                }
            })
            .collect();
        Self {
            accuracy: matrix.accuracy(),
            macro_average: average(&classes, |_| 1.0),
            weighted_average: average(&classes, |class| class.support as f64),
            support: matrix.total(),
            classes,
        }
    }

    /// Mean recall of the classes that have images, each counting the same: scikit-learn's
    /// `balanced_accuracy_score`.
    pub fn balanced_accuracy(&self) -> f64 {
        average(&self.classes, |class| f64::from(class.support > 0)).recall
    }
}

/// Mean of the scores by weight; 0 if no class has any weight.
fn average(classes: &[ClassScores], weight: impl Fn(&ClassScores) -> f64) -> Scores {
    let total: f64 = classes.iter().map(&weight).sum();
    let mean = |score: fn(&ClassScores) -> f64| {
        let sum: f64 = classes.iter().map(|c| weight(c) * score(c)).sum();
        if total == 0.0 { 0.0 } else { sum / total }
    };
    Scores {
        precision: mean(|c| c.precision),
        recall: mean(|c| c.recall),
        f1: mean(|c| c.f1),
    }
}

const WEIGHTED: &str = "weighted avg";

impl fmt::Display for ClassificationReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let longest = self.classes.iter().map(|c| c.name.chars().count()).max();
        let width = longest.unwrap_or(0).max(WEIGHTED.len());
        let row = |f: &mut fmt::Formatter<'_>, name: &str, scores: Scores, support: u64| {
            let Scores {
                precision,
                recall,
                f1,
            } = scores;
            writeln!(
                f,
                "{name:>width$}  {precision:>9.4} {recall:>9.4} {f1:>9.4} {support:>9}"
            )
        };

        writeln!(
            f,
            "{:>width$}  {:>9} {:>9} {:>9} {:>9}\n",
            "", "precision", "recall", "f1-score", "support"
        )?;
        for class in &self.classes {
            let scores = Scores {
                precision: class.precision,
                recall: class.recall,
                f1: class.f1,
            };
            row(f, &class.name, scores, class.support)?;
        }
        writeln!(
            f,
            "\n{:>width$}  {:>9} {:>9} {:>9.4} {:>9}",
            "accuracy", "", "", self.accuracy, self.support
        )?;
        row(f, "macro avg", self.macro_average, self.support)?;
        row(f, WEIGHTED, self.weighted_average, self.support)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn report(pairs: &[(usize, usize)]) -> ClassificationReport {
        let mut matrix = ConfusionMatrix::new(5);
        for &(label, predicted) in pairs {
            matrix.add(label, predicted);
        }
        ClassificationReport::new(&matrix, &["a", "b", "c", "d", "e"].map(String::from))
    }

    #[test]
    fn a_tie_rounds_to_the_even_digit_as_in_python() {
        // Precision 1/32 = 0.03125 and 3/32 = 0.09375 are exact in binary;
        // Python's '%.4f' gives 0.0312 and 0.0938.
        let mut matrix = ConfusionMatrix::new(2);
        for (hits, class) in [(1, 0), (3, 1)] {
            for i in 0..32 {
                matrix.add(if i < hits { class } else { 1 - class }, class);
            }
        }
        let text = ClassificationReport::new(&matrix, &["a".into(), "b".into()]).to_string();
        assert!(text.contains("a     0.0312"), "{text}");
        assert!(text.contains("b     0.0938"), "{text}");
    }

    #[test]
    fn no_images_give_zeros() {
        let report = report(&[]);
        assert_eq!(report.weighted_average, Scores::default());
        assert_eq!(report.macro_average, Scores::default());
        assert_eq!((report.accuracy, report.support), (0.0, 0));
    }

    fn pairs() -> impl Strategy<Value = Vec<(usize, usize)>> {
        prop::collection::vec((0_usize..5, 0_usize..5), 0..120)
    }

    fn close(a: Scores, b: Scores) -> bool {
        [a.precision - b.precision, a.recall - b.recall, a.f1 - b.f1]
            .iter()
            .all(|difference| difference.abs() < 1e-12)
    }

    proptest! {
        #[test]
        fn scores_are_shares_and_f1_lies_between(pairs in pairs()) {
            let report = report(&pairs);
            for c in &report.classes {
                let (low, high) = (c.precision.min(c.recall), c.precision.max(c.recall));
                prop_assert!(0.0 <= low && high <= 1.0);
                prop_assert!(low - 1e-12 <= c.f1 && c.f1 <= high + 1e-12);
            }
            prop_assert_eq!(report.classes.iter().map(|c| c.support).sum::<u64>(), report.support);
        }

        #[test]
        fn weighted_recall_is_accuracy(pairs in pairs()) {
            let report = report(&pairs);
            prop_assert!((report.weighted_average.recall - report.accuracy).abs() < 1e-12);
        }

        #[test]
        fn renaming_the_classes_moves_their_scores(
            pairs in pairs(),
            order in Just([0, 1, 2, 3, 4]).prop_shuffle(),
        ) {
            let moved: Vec<_> = pairs.iter().map(|&(l, p)| (order[l], order[p])).collect();
            let (before, after) = (report(&pairs), report(&moved));
            for (class, &to) in order.iter().enumerate() {
                let expected = ClassScores {
                    name: after.classes[to].name.clone(),
                    ..before.classes[class].clone()
                };
                prop_assert_eq!(&after.classes[to], &expected);
            }
            prop_assert_eq!(before.accuracy, after.accuracy);
            prop_assert!(close(before.macro_average, after.macro_average));
            prop_assert!(close(before.weighted_average, after.weighted_average));
        }
    }
}
