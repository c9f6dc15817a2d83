//! Pictures that are in a data set more than once.

use std::collections::HashMap;

use crate::Split;

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

/// Most names that a note gives.
const NAMED: usize = 2;

/// Says which pictures of `splits` are copies of others: in another split,
/// or of another class. Returns it beside whether there are copies at all.
pub(crate) fn look(splits: &[&Split]) -> (Copies, Vec<String>) {
    // By contents: split, image and label of the first one.
    let mut first: HashMap<[u8; 32], (usize, usize)> = HashMap::new();
    let mut copies = Copies::None;
    let (mut of_splits, mut of_classes) = (Vec::new(), Vec::new());
    for (number, split) in splits.iter().enumerate() {
        for image in 0..split.len() {
            let Some(sha256) = split.sha256(image) else {
                continue;
            };
            let &mut (of, earlier) = first.entry(*sha256).or_insert((number, image));
            if (of, earlier) == (number, image) {
                continue;
            }
            copies = Copies::Together;
            let other = splits[of];
            let names = || format!("{} = {}", split.describe(image), other.describe(earlier));
            if split.label(image) != other.label(earlier) {
                of_classes.push(names());
            } else if of != number {
                of_splits.push(names());
            }
        }
    }
    let mut notes = Vec::new();
    if !of_splits.is_empty() {
        notes.push(format!(
            "{} of another split ({}): figures on them tell what was learnt by heart",
            match of_splits.len() {
                1 => "1 picture is a copy of one".to_owned(),
                count => format!("{count} pictures are copies of those"),
            },
            some(&of_splits)
        ));
    }
    if !of_classes.is_empty() {
        notes.push(format!(
            "{} in two classes ({}): one of the labels is wrong",
            match of_classes.len() {
                1 => "1 picture is".to_owned(),
                count => format!("{count} pictures are"),
            },
            some(&of_classes)
        ));
    }
    (copies, notes)
}

fn some(names: &[String]) -> String {
    let shown = names[..names.len().min(NAMED)].join(", ");
    match names.len() > NAMED {
        true => format!("such as {shown}"),
        false => shown,
    }
}
