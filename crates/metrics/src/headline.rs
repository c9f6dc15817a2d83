//! The figures that a model is judged by, with their confidence intervals.

use serde::Serialize;

use crate::calibration::ConfidenceTally;
use crate::confusion::ratio;
use crate::{Estimate, ImageScores, bootstrap};

/// The figures of a model on a data set, each with a bootstrap interval.
///
/// All intervals come from the same resamples. The interval of the expected
/// calibration error lies high: a resample's bins are noisier than the data's,
/// and noise in either direction adds to the error.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Headline {
    /// Share of images whose prediction is their label, in `[0, 1]`.
    pub top1: Estimate,
    /// Share of images whose label is among the five highest logits, in `[0, 1]`.
    pub top5: Estimate,
    /// Mean cross-entropy in nats.
    pub loss: Estimate,
    /// Mean of the classes' F1, also those without images or predictions, in `[0, 1]`.
    pub macro_f1: Estimate,
    /// Expected calibration error, as in [`Calibration::ece`](crate::Calibration::ece).
    pub ece: Estimate,
    /// Mean Brier score, in `[0, 2]`.
    pub brier: Estimate,
    /// Share of images whose prediction lies in their label's superclass, in
    /// `[0, 1]`, where there are superclasses.
    pub superclass_accuracy: Option<Estimate>,
}

impl Headline {
    /// The figures of images with these `scores`, over `classes` classes.
    /// `superclass_of[class]` is the class's superclass, one entry a class.
    /// The same `seed` gives the same intervals.
    ///
    /// # Panics
    /// If a label or prediction is not below `classes`.
    pub fn new(
        scores: &[ImageScores],
        classes: usize,
        superclass_of: Option<&[usize]>,
        seed: u64,
    ) -> Self {
        let [top1, top5, loss, macro_f1, ece, brier, superclass] =
            bootstrap(scores.len(), seed, |indices| {
                let mut tally = Tally::new(classes);
                for &index in indices {
                    tally.add(&scores[index], superclass_of);
                }
                tally.figures()
            });
        Self {
            top1,
            top5,
            loss,
            macro_f1,
            ece,
            brier,
            superclass_accuracy: superclass_of.map(|_| superclass),
        }
    }
}

/// Sums over the images of one resample.
struct Tally {
    images: u64,
    correct: Vec<u64>,
    labelled: Vec<u64>,
    predicted: Vec<u64>,
    top5: u64,
    superclass: u64,
    loss: f64,
    brier: f64,
    confidence: ConfidenceTally,
}

impl Tally {
    fn new(classes: usize) -> Self {
        Self {
            images: 0,
            correct: vec![0; classes],
            labelled: vec![0; classes],
            predicted: vec![0; classes],
            top5: 0,
            superclass: 0,
            loss: 0.0,
            brier: 0.0,
            confidence: ConfidenceTally::default(),
        }
    }

    fn add(&mut self, image: &ImageScores, superclass_of: Option<&[usize]>) {
        self.images += 1;
        self.correct[image.label] += u64::from(image.is_correct());
        self.labelled[image.label] += 1;
        self.predicted[image.predicted] += 1;
        self.top5 += u64::from(image.in_top5);
        let same_superclass = |of: &[usize]| of[image.label] == of[image.predicted];
        self.superclass += u64::from(superclass_of.is_some_and(same_superclass));
        self.loss += image.loss;
        self.brier += image.brier;
        self.confidence.add(image);
    }

    /// In the order of [`Headline`]'s fields.
    fn figures(&self) -> [f64; 7] {
        let count = self.images.max(1) as f64;
        let classes = self.correct.len();
        let f1 = |class| {
            let (labelled, predicted) = (self.labelled[class], self.predicted[class]);
            ratio(2 * self.correct[class], labelled + predicted)
        };
        [
            ratio(self.correct.iter().sum(), self.images),
            ratio(self.top5, self.images),
            self.loss / count,
            (0..classes).map(f1).sum::<f64>() / classes.max(1) as f64,
            self.confidence.ece(),
            self.brier / count,
            ratio(self.superclass, self.images),
        ]
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::{Calibration, RunningEvaluation};

    const CLASSES: usize = 6;
    const SUPERCLASS_OF: [usize; CLASSES] = [0, 0, 1, 1, 2, 2];

    #[test]
    fn no_images_give_zeros() {
        let headline = Headline::new(&[], CLASSES, None, 0);
        assert_eq!((headline.top1.value, headline.loss.high), (0.0, 0.0));
        assert_eq!(headline.superclass_accuracy, None);
    }

    #[test]
    fn nan_does_not_panic() {
        let scores = ImageScores::of_images(&[f32::NAN; CLASSES], &[1], 1.0);
        assert!(Headline::new(&scores, CLASSES, None, 0).loss.low.is_nan());
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(16))]

        #[test]
        fn values_are_those_of_the_whole_data(
            images in prop::collection::vec(
                (prop::collection::vec(-9.0_f32..9.0, CLASSES), 0..CLASSES), 1..60),
        ) {
            let names: Vec<String> = (0..CLASSES).map(|i| i.to_string()).collect();
            let mut running = RunningEvaluation::new(&names);
            for (logits, label) in &images {
                running.add(logits, *label);
            }
            let evaluation = running.finish();
            let scores: Vec<_> =
                images.iter().map(|(z, label)| ImageScores::new(z, *label, 1.0)).collect();
            let calibration = Calibration::new(&scores);
            let headline = Headline::new(&scores, CLASSES, Some(&SUPERCLASS_OF), 3);
            let superclasses = evaluation.confusion.grouped(&SUPERCLASS_OF, 3);
            for (estimate, expected) in [
                (headline.top1, evaluation.top1),
                (headline.top5, evaluation.top5),
                (headline.loss, evaluation.loss),
                (headline.macro_f1, evaluation.report.macro_average.f1),
                (headline.ece, calibration.ece),
                (headline.brier, calibration.brier),
                (headline.superclass_accuracy.unwrap(), superclasses.accuracy()),
            ] {
                prop_assert!((estimate.value - expected).abs() < 1e-12);
                prop_assert!(estimate.low <= estimate.high);
            }
            prop_assert!(headline.superclass_accuracy.unwrap().value >= headline.top1.value);
        }
    }
}
