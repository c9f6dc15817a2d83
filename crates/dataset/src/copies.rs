//! Pictures that are in a data set more than once.

use std::collections::HashMap;

use crate::{Dataset, Split};

/// Where copies of a picture go when a split is taken from the training images.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Copies {
    /// There are none, or nobody knows.
    #[default]
    None,
    /// To one side, so that nothing is judged by what was learnt from.
    Together,
    /// To wherever chance puts them, as versions of before did.
    Scattered,
}

/// Pictures with the same contents, each beside the first one, by their files relative to the
/// data set.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CopiedPictures {
    /// In another split, of the same class: figures on them tell what was learnt by heart.
    pub across_splits: Vec<[String; 2]>,
    /// In another class: one of the labels is wrong.
    pub across_classes: Vec<[String; 2]>,
    /// Of the same class, in the same split.
    pub alike: Vec<[String; 2]>,
}

impl CopiedPictures {
    /// Looks for copies by the hashes of the files, which are known.
    pub fn of(dataset: &Dataset) -> Self {
        let splits: Vec<&Split> = dataset.splits().map(|(_, split)| split).collect();
        // By contents: split and image of the first one.
        let mut first: HashMap<&[u8; 32], (usize, usize)> = HashMap::new();
        let mut found = Self::default();
        for (number, split) in splits.iter().enumerate() {
            for image in 0..split.len() {
                let Some(sha256) = split.sha256(image) else {
                    continue;
                };
                let &mut (of, earlier) = first.entry(sha256).or_insert((number, image));
                if (of, earlier) == (number, image) {
                    continue;
                }
                let other = splits[of];
                let list = match (split.label(image) == other.label(earlier), of == number) {
                    (false, _) => &mut found.across_classes,
                    (true, false) => &mut found.across_splits,
                    (true, true) => &mut found.alike,
                };
                list.push([split.describe(image), other.describe(earlier)]);
            }
        }
        found
    }

    /// Returns whether there are none.
    pub fn is_empty(&self) -> bool {
        self.across_splits.is_empty() && self.across_classes.is_empty() && self.alike.is_empty()
    }

    /// Says in a line each what makes figures wrong.
    pub(crate) fn notes(&self) -> Vec<String> {
        let mut notes = Vec::new();
        if !self.across_splits.is_empty() {
            notes.push(format!(
                "{} of another split ({}): figures on them tell what was learnt by heart",
                match self.across_splits.len() {
                    1 => "1 picture is a copy of one".to_owned(),
                    count => format!("{count} pictures are copies of those"),
                },
                some(&self.across_splits)
            ));
        }
        if !self.across_classes.is_empty() {
            notes.push(format!(
                "{} in two classes ({}): one of the labels is wrong",
                match self.across_classes.len() {
                    1 => "1 picture is".to_owned(),
                    count => format!("{count} pictures are"),
                },
                some(&self.across_classes)
            ));
        }
        notes
    }
}

/// Most pairs that a note names.
const NAMED: usize = 2;

fn some(pairs: &[[String; 2]]) -> String {
    let shown: Vec<String> = pairs
        .iter()
        .take(NAMED)
        .map(|pair| pair.join(" = "))
        .collect();
    match pairs.len() > NAMED {
        true => format!("such as {}", shown.join(", ")),
        false => shown.join(", "),
    }
}
