//! A data set: names, splits and a content hash.

use std::collections::BTreeMap;

use contract::{DatasetInfo, Superclasses};

use crate::names::{composed, listed};
use crate::stratified::split_copies;
use crate::{Copies, DatasetError, Split, SplitIndices, stratified_split};

/// A data set with its splits.
#[derive(Clone, Debug)]
pub struct Dataset {
    /// `"cifar100"`, `"digits"` or the folder's name.
    pub name: String,
    /// Class names; a label is an index into this list.
    pub classes: Vec<String>,
    /// Groups of classes, where the data set has them (CIFAR-100's 20).
    pub superclasses: Option<Superclasses>,
    /// SHA-256 (hexadecimal) of the data set's contents, the same for the same
    /// images however they are stored. Which bytes are hashed is documented
    /// with each source: [`crate::cifar100`], [`crate::folder`],
    /// [`crate::digits`].
    pub sha256: String,
    /// Images to learn from.
    pub train: Split,
    /// Images to choose a model by, if the data set brings its own; else take
    /// them from `train` with [`stratified_split`].
    pub val: Option<Split>,
    /// Images to judge the final model by.
    pub test: Option<Split>,
    /// The test split's share of what was to learn from, where it was taken from it and is not
    /// a fifth.
    pub test_fraction: Option<f64>,
    /// Where copies of a picture go when a split is taken from `train`.
    pub copies: Copies,
    /// Lines worth telling the user: which file was read and with which
    /// checksum, what was ignored. Empty for most data sets.
    pub notes: Vec<String>,
}

impl Dataset {
    /// Moves a stratified part of `train` to `test` when the data set has no
    /// test split; returns it unchanged when it has one.
    ///
    /// `fraction` is the test split's share of `train`, strictly between 0
    /// and 1. The same `seed` gives the same split on every machine.
    ///
    /// # Errors
    /// Those of [`stratified_split`].
    pub fn hold_out_test(mut self, fraction: f64, seed: u64) -> Result<Self, DatasetError> {
        if self.test.is_none() {
            let split = self.split_train(fraction, seed)?;
            self.test = Some(self.train.subset(&split.val));
            self.train = self.train.subset(&split.train);
        }
        Ok(self)
    }

    /// Lets splits be taken from `train` as they were for the training that is described.
    pub(crate) fn split_as(&mut self, trained_on: &DatasetInfo) {
        if self.copies == Copies::Together && !trained_on.copies_together {
            self.copies = Copies::Scattered;
        }
    }

    /// The splits that there are, each with its name: `train`, `val`, `test`.
    pub fn splits(&self) -> impl Iterator<Item = (&'static str, &Split)> {
        [
            ("train", Some(&self.train)),
            ("val", self.val.as_ref()),
            ("test", self.test.as_ref()),
        ]
        .into_iter()
        .filter_map(|(name, split)| Some((name, split?)))
    }

    /// Every image: those of `train`, `val` and `test`.
    pub fn all(&self) -> Split {
        Split::joined(self.splits().map(|(_, split)| split.clone()).collect())
    }

    /// Splits `train` as [`stratified_split`] does, and copies as [`copies`](Self::copies) says.
    ///
    /// # Errors
    /// Those of [`stratified_split`].
    pub fn split_train(&self, fraction: f64, seed: u64) -> Result<SplitIndices, DatasetError> {
        let labels = self.train.labels();
        match self.copies {
            Copies::None | Copies::Scattered => {
                stratified_split(&labels, &self.classes, fraction, seed)
            }
            Copies::Together => {
                split_copies(&labels, &self.classes, &self.train.firsts(), fraction, seed)
            }
        }
    }

    /// Gives every image the label that `classes`, those of a model, have for its class's name.
    /// Images of other classes are left out, which a note says; a class without an image stays.
    /// In each split, images are sorted by their new labels and else keep their order, as if
    /// the data set had been opened with these classes.
    ///
    /// # Errors
    /// [`DatasetError::NoKnownClass`] if no class is one of `classes`.
    pub fn for_classes(mut self, classes: &[String]) -> Result<Self, DatasetError> {
        if self.classes == classes {
            return Ok(self);
        }
        let known: Vec<String> = classes.iter().map(|class| composed(class)).collect();
        let position = |name: &String| {
            let name = composed(name);
            known.iter().position(|class| *class == name)
        };
        let new: Vec<Option<usize>> = self.classes.iter().map(position).collect();
        if new.iter().all(Option::is_none) {
            return Err(DatasetError::NoKnownClass {
                name: self.name,
                found: self.classes.len(),
                expected: classes.len(),
            });
        }
        let mut unknown = BTreeMap::new();
        for (_, split) in self.splits() {
            for label in split.labels() {
                if new[label].is_none() {
                    *unknown.entry(&self.classes[label]).or_insert(0) += 1;
                }
            }
        }
        if !unknown.is_empty() {
            let images: usize = unknown.values().sum();
            let names: Vec<&String> = unknown.keys().copied().collect();
            self.notes.push(format!(
                "{}: the model does not know {}: {}",
                self.name,
                listed(&names),
                match images {
                    1 => "1 image is left out".to_owned(),
                    images => format!("{images} images are left out"),
                }
            ));
        }
        self.train = self.train.relabelled(&new);
        self.val = self.val.map(|split| split.relabelled(&new));
        self.test = self.test.map(|split| split.relabelled(&new));
        // Groups belong to the classes that they were made for.
        self.superclasses = None;
        self.classes = classes.to_vec();
        Ok(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dataset(test: Option<Split>) -> Dataset {
        let labels: Vec<usize> = (0..40).map(|i| i % 2).collect();
        Dataset {
            name: "tiny".into(),
            classes: vec!["a".into(), "b".into()],
            superclasses: None,
            copies: Copies::None,
            test_fraction: None,
            sha256: String::new(),
            train: Split::in_memory("train", [1, 1], vec![0; 40 * 3], labels),
            val: None,
            test,
            notes: Vec::new(),
        }
    }

    #[test]
    fn holds_out_a_stratified_test_split() {
        let held = dataset(None).hold_out_test(0.25, 1).unwrap();
        let test = held.test.unwrap();
        assert_eq!((held.train.len(), test.len()), (30, 10));
        assert_eq!(test.labels().iter().filter(|&&l| l == 1).count(), 5);
        let mut all: Vec<String> = (0..30).map(|i| held.train.describe(i)).collect();
        all.extend((0..10).map(|i| test.describe(i)));
        all.sort();
        all.dedup();
        assert_eq!(all.len(), 40);
    }

    #[test]
    fn keeps_a_test_split_that_is_there() {
        let own = Split::in_memory("test", [1, 1], vec![7; 3], vec![1]);
        let held = dataset(Some(own)).hold_out_test(0.25, 1).unwrap();
        assert_eq!((held.train.len(), held.test.unwrap().len()), (40, 1));
    }

    #[test]
    fn labels_become_a_model_s_by_name() {
        let classes = ["b", "c", "a"].map(String::from);
        let known = dataset(None).for_classes(&classes).unwrap();
        assert_eq!(known.classes, classes);
        let (half, rest) = (20, known.train.len());
        assert_eq!(rest, 40);
        assert!((0..half).all(|i| known.train.label(i) == 0));
        assert!((half..rest).all(|i| known.train.label(i) == 2));
        // Those of one class keep their order.
        assert_eq!(known.train.describe(0), "train #1");
        assert_eq!(known.train.describe(39), "train #38");
        assert!(known.notes.is_empty());

        let fewer = dataset(None).for_classes(&classes[..2]).unwrap();
        assert_eq!(fewer.train.labels(), [0; 20]);
        assert_eq!(
            fewer.notes,
            ["tiny: the model does not know 'a': 20 images are left out"]
        );
        let error = dataset(None).for_classes(&classes[1..2]).unwrap_err();
        assert!(
            error.to_string().contains("none of its 2 classes"),
            "{error}"
        );
    }

    #[test]
    fn refuses_a_fraction_outside_the_open_interval() {
        assert!(matches!(
            dataset(None).hold_out_test(1.0, 1),
            Err(DatasetError::Fraction { .. })
        ));
    }
}
