//! Counts by true label and prediction.

use serde::Serialize;

/// How often each true label was predicted as each class.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ConfusionMatrix {
    classes: usize,
    /// Row-major `[classes, classes]`: row = true label, column = prediction.
    counts: Vec<u64>,
}

impl ConfusionMatrix {
    /// An empty matrix for `classes` classes.
    pub fn new(classes: usize) -> Self {
        Self {
            classes,
            counts: vec![0; classes * classes],
        }
    }

    /// Counts one image.
    ///
    /// # Panics
    /// If `label` or `predicted` is not below [`classes`](Self::classes).
    pub fn add(&mut self, label: usize, predicted: usize) {
        let index = self.index(label, predicted);
        self.counts[index] += 1;
    }

    /// Images of class `label` that were predicted as `predicted`.
    ///
    /// # Panics
    /// If `label` or `predicted` is not below [`classes`](Self::classes).
    pub fn get(&self, label: usize, predicted: usize) -> u64 {
        self.counts[self.index(label, predicted)]
    }

    /// All counts, row-major `[classes, classes]`, row = true label, as
    /// `sklearn.metrics.confusion_matrix` has them.
    pub fn counts(&self) -> &[u64] {
        &self.counts
    }

    /// Number of classes.
    pub fn classes(&self) -> usize {
        self.classes
    }

    /// Images counted.
    pub fn total(&self) -> u64 {
        self.counts.iter().sum()
    }

    /// Images whose prediction is their label.
    pub fn correct(&self) -> u64 {
        (0..self.classes).map(|class| self.get(class, class)).sum()
    }

    /// Share of [`correct`](Self::correct) images, in `[0, 1]`; 0 without images.
    pub fn accuracy(&self) -> f64 {
        ratio(self.correct(), self.total())
    }

    /// Images whose true label is `label` (its support).
    ///
    /// # Panics
    /// If `label` is not below [`classes`](Self::classes).
    pub fn labelled(&self, label: usize) -> u64 {
        (0..self.classes).map(|other| self.get(label, other)).sum()
    }

    /// Images that were predicted as `predicted`.
    ///
    /// # Panics
    /// If `predicted` is not below [`classes`](Self::classes).
    pub fn predicted(&self, predicted: usize) -> u64 {
        (0..self.classes)
            .map(|label| self.get(label, predicted))
            .sum()
    }

    /// Adds the counts of `other`, as if its images had been counted here.
    ///
    /// # Panics
    /// If the numbers of classes differ.
    pub fn merge(&mut self, other: &Self) {
        assert_eq!(
            self.classes, other.classes,
            "confusion matrices of {} and {} classes cannot be merged",
            self.classes, other.classes
        );
        for (count, more) in self.counts.iter_mut().zip(&other.counts) {
            *count += more;
        }
    }

    /// The matrix of `groups` groups of classes: `group_of[class]` is the
    /// class's group. Its accuracy is the share of images whose predicted
    /// class lies in the true class's group.
    ///
    /// # Panics
    /// If there is not one group for each class, or one is not below `groups`.
    pub fn grouped(&self, group_of: &[usize], groups: usize) -> Self {
        assert_eq!(
            group_of.len(),
            self.classes,
            "{} groups for {} classes",
            group_of.len(),
            self.classes
        );
        let mut grouped = Self::new(groups);
        for label in 0..self.classes {
            for predicted in 0..self.classes {
                let index = grouped.index(group_of[label], group_of[predicted]);
                grouped.counts[index] += self.get(label, predicted);
            }
        }
        grouped
    }

    /// The matrix as CSV (RFC 4180, lines end in `\n`): a header
    /// `label\predicted` and the class names, then a line for each true label
    /// with its name and its counts. Names are quoted where they need it.
    ///
    /// # Panics
    /// If there is not one name for each class.
    pub fn to_csv(&self, names: &[String]) -> String {
        self.check_names(names);
        let mut csv = String::from("label\\predicted");
        for name in names {
            csv.push(',');
            csv.push_str(&csv_field(name));
        }
        csv.push('\n');
        for (label, name) in names.iter().enumerate() {
            csv.push_str(&csv_field(name));
            for predicted in 0..self.classes {
                csv.push_str(&format!(",{}", self.get(label, predicted)));
            }
            csv.push('\n');
        }
        csv
    }

    /// Panics unless there is one name for each class.
    pub(crate) fn check_names(&self, names: &[String]) {
        assert_eq!(
            names.len(),
            self.classes,
            "{} class names for {} classes",
            names.len(),
            self.classes
        );
    }

    fn index(&self, label: usize, predicted: usize) -> usize {
        assert!(
            label < self.classes && predicted < self.classes,
            "label {label} or prediction {predicted} is out of range for {} classes",
            self.classes
        );
        label * self.classes + predicted
    }
}

/// `part / whole`, and 0 where that is undefined (sklearn's `zero_division=0`).
pub(crate) fn ratio(part: u64, whole: u64) -> f64 {
    if whole == 0 {
        0.0
    } else {
        part as f64 / whole as f64
    }
}

fn csv_field(text: &str) -> String {
    if text.contains([',', '"', '\n', '\r']) {
        format!("\"{}\"", text.replace('"', "\"\""))
    } else {
        text.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn matrix(classes: usize, pairs: &[(usize, usize)]) -> ConfusionMatrix {
        let mut matrix = ConfusionMatrix::new(classes);
        for &(label, predicted) in pairs {
            matrix.add(label, predicted);
        }
        matrix
    }

    #[test]
    fn rows_are_labels_and_columns_predictions() {
        let matrix = matrix(3, &[(0, 0), (0, 2), (0, 2), (1, 1)]);
        assert_eq!(matrix.counts(), [1, 0, 2, 0, 1, 0, 0, 0, 0]);
        assert_eq!(matrix.get(0, 2), 2);
        assert_eq!((matrix.labelled(0), matrix.labelled(2)), (3, 0));
        assert_eq!((matrix.predicted(0), matrix.predicted(2)), (1, 2));
        assert_eq!((matrix.correct(), matrix.total()), (2, 4));
        assert_eq!(matrix.accuracy(), 0.5);
    }

    #[test]
    fn no_images_have_accuracy_zero() {
        assert_eq!(ConfusionMatrix::new(3).accuracy(), 0.0);
        assert_eq!(ConfusionMatrix::new(0).accuracy(), 0.0);
    }

    #[test]
    fn groups_hold_their_classes_images() {
        let grouped = matrix(3, &[(0, 0), (0, 1), (2, 1), (2, 2), (1, 2)]).grouped(&[1, 1, 0], 2);
        assert_eq!(grouped.counts(), [1, 1, 1, 2]);
        assert_eq!(grouped.accuracy(), 0.6);
    }

    #[test]
    fn csv_quotes_what_needs_it() {
        let names = ["cat", "dog, \"big\"", "two\nlines"].map(String::from);
        let csv = matrix(3, &[(0, 1), (2, 2), (2, 2)]).to_csv(&names);
        assert_eq!(
            csv,
            "label\\predicted,cat,\"dog, \"\"big\"\"\",\"two\nlines\"\n\
             cat,0,1,0\n\
             \"dog, \"\"big\"\"\",0,0,0\n\
             \"two\nlines\",0,0,2\n"
        );
    }

    #[test]
    #[should_panic(expected = "prediction 3 is out of range for 3 classes")]
    fn prediction_out_of_range() {
        // In range of the flat vector, so only the check can catch it.
        ConfusionMatrix::new(3).add(0, 3);
    }

    #[test]
    #[should_panic(expected = "matrices of 2 and 3 classes")]
    fn merge_of_different_sizes() {
        ConfusionMatrix::new(2).merge(&ConfusionMatrix::new(3));
    }

    fn pairs() -> impl Strategy<Value = Vec<(usize, usize)>> {
        prop::collection::vec((0_usize..6, 0_usize..6), 0..100)
    }

    proptest! {
        #[test]
        fn merge_is_commutative_and_equals_counting_all(a in pairs(), b in pairs()) {
            let mut ab = matrix(6, &a);
            ab.merge(&matrix(6, &b));
            let mut ba = matrix(6, &b);
            ba.merge(&matrix(6, &a));
            prop_assert_eq!(&ab, &ba);
            prop_assert_eq!(&ab, &matrix(6, &[a, b].concat()));
        }

        #[test]
        fn sums(pairs in pairs()) {
            let matrix = matrix(6, &pairs);
            let images = pairs.len() as u64;
            prop_assert_eq!(matrix.total(), images);
            prop_assert_eq!((0..6).map(|c| matrix.labelled(c)).sum::<u64>(), images);
            prop_assert_eq!((0..6).map(|c| matrix.predicted(c)).sum::<u64>(), images);
            prop_assert!((0.0..=1.0).contains(&matrix.accuracy()));
        }
    }
}
