//! All metrics in one pass over a data set.

use serde::Serialize;

use crate::{
    ClassificationReport, ConfusionMatrix, argmax, cross_entropy::cross_entropy, in_top_k,
};

/// Metrics gathered image by image, in parts that can be merged.
#[derive(Clone, Debug)]
pub struct RunningEvaluation {
    names: Vec<String>,
    loss: f64,
    top5: u64,
    confusion: ConfusionMatrix,
}

/// The metrics of a model on a data set.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Evaluation {
    /// Images evaluated.
    pub images: u64,
    /// Mean cross-entropy in nats; NaN if any image's loss is, 0 without images.
    pub loss: f64,
    /// Share of images whose highest logit is their label's, in `[0, 1]`.
    pub top1: f64,
    /// Share of images whose label is among the five highest logits, in
    /// `[0, 1]`; 1 with five classes or fewer.
    pub top5: f64,
    /// Counts by true label and prediction.
    pub confusion: ConfusionMatrix,
    /// Scores of each class and their averages.
    pub report: ClassificationReport,
}

impl RunningEvaluation {
    /// No images yet, for classes of these names.
    pub fn new(names: &[String]) -> Self {
        Self {
            names: names.to_vec(),
            loss: 0.0,
            top5: 0,
            confusion: ConfusionMatrix::new(names.len()),
        }
    }

    /// Takes in one image: its `logits` (`[classes]`) and its true `label`.
    ///
    /// # Panics
    /// If there is not one logit for each class, or `label` is not a class.
    pub fn add(&mut self, logits: &[f32], label: usize) {
        let classes = self.names.len();
        assert_eq!(
            logits.len(),
            classes,
            "{} logits for {classes} classes",
            logits.len()
        );
        self.loss += cross_entropy(logits, label);
        self.top5 += u64::from(in_top_k(logits, label, 5));
        self.confusion.add(label, argmax(logits));
    }

    /// Takes in all images of `other`.
    ///
    /// # Panics
    /// If the class names differ.
    pub fn merge(&mut self, other: &Self) {
        assert_eq!(
            self.names, other.names,
            "evaluations of different classes cannot be merged"
        );
        self.loss += other.loss;
        self.top5 += other.top5;
        self.confusion.merge(&other.confusion);
    }

    /// Images taken in so far.
    pub fn images(&self) -> u64 {
        self.confusion.total()
    }

    /// The metrics over all images taken in.
    pub fn finish(self) -> Evaluation {
        let images = self.confusion.total();
        // Of no images: 0, as every other metric here.
        let count = images.max(1) as f64;
        Evaluation {
            images,
            loss: self.loss / count,
            top1: self.confusion.accuracy(),
            top5: self.top5 as f64 / count,
            report: ClassificationReport::new(&self.confusion, &self.names),
            confusion: self.confusion,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const CLASSES: usize = 7;

    fn evaluate(images: &[(Vec<f32>, usize)]) -> RunningEvaluation {
        let names: Vec<String> = (0..CLASSES).map(|class| class.to_string()).collect();
        let mut running = RunningEvaluation::new(&names);
        for (logits, label) in images {
            running.add(logits, *label);
        }
        running
    }

    #[test]
    fn no_images_give_zeros() {
        let evaluation = evaluate(&[]).finish();
        assert_eq!((evaluation.images, evaluation.loss), (0, 0.0));
        assert_eq!((evaluation.top1, evaluation.top5), (0.0, 0.0));
    }

    #[test]
    fn nan_logits_show_in_the_loss_and_do_not_panic() {
        let evaluation = evaluate(&[(vec![f32::NAN; CLASSES], 6)]).finish();
        assert!(evaluation.loss.is_nan());
        assert_eq!((evaluation.top1, evaluation.top5), (0.0, 0.0));
        assert_eq!(evaluation.confusion.get(6, 0), 1);
    }

    #[test]
    #[should_panic(expected = "3 logits for 7 classes")]
    fn wrong_number_of_logits() {
        evaluate(&[(vec![0.0; 3], 0)]);
    }

    #[test]
    #[should_panic(expected = "different classes")]
    fn merge_of_other_classes() {
        let other = RunningEvaluation::new(&["cat".into()]);
        evaluate(&[]).merge(&other);
    }

    fn images() -> impl Strategy<Value = Vec<(Vec<f32>, usize)>> {
        let logits = prop::collection::vec(-9.0_f32..9.0, CLASSES);
        prop::collection::vec((logits, 0..CLASSES), 0..30)
    }

    proptest! {
        #[test]
        fn bounds(images in images()) {
            let e = evaluate(&images).finish();
            prop_assert_eq!(e.images, images.len() as u64);
            prop_assert!(e.loss >= 0.0 && e.loss.is_finite());
            prop_assert!(0.0 <= e.top1 && e.top1 <= e.top5 && e.top5 <= 1.0);
            prop_assert_eq!(e.top1, e.report.accuracy);
        }

        #[test]
        fn merge_is_commutative_and_equals_one_pass(a in images(), b in images()) {
            let mut ab = evaluate(&a);
            ab.merge(&evaluate(&b));
            let mut ba = evaluate(&b);
            ba.merge(&evaluate(&a));
            prop_assert_eq!(ab.images(), (a.len() + b.len()) as u64);
            let (ab, ba) = (ab.finish(), ba.finish());
            prop_assert_eq!(&ab, &ba);
            let mut all = evaluate(&[a, b].concat()).finish();
            prop_assert!((all.loss - ab.loss).abs() < 1e-12);
            all.loss = ab.loss;
            prop_assert_eq!(&all, &ab);
        }
    }
}
