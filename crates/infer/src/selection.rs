//! Which images of a split are evaluated or compared on.

use dataset::Split;

use crate::{Classifier, InferError};

/// `limit` indices evenly spaced over `0..len`, or all of them.
pub(crate) fn spaced(len: usize, limit: Option<usize>) -> Vec<usize> {
    (0..spaced_count(len, limit))
        .map(|position| spaced_index(position, len, limit))
        .collect()
}

/// How many indices [`spaced`] gives.
pub(crate) fn spaced_count(len: usize, limit: Option<usize>) -> usize {
    limit.unwrap_or(len).min(len)
}

/// The index at `position` of those that [`spaced`] gives.
pub(crate) fn spaced_index(position: usize, len: usize, limit: Option<usize>) -> usize {
    position * len / spaced_count(len, limit)
}

/// Fails if the label of an image at `indices` is none of the model's classes.
pub(crate) fn check_labels(
    classifier: &Classifier,
    split: &Split,
    indices: &[usize],
) -> Result<(), InferError> {
    let classes = classifier.contract().classes.len();
    match indices.iter().find(|&&index| split.label(index) >= classes) {
        Some(&index) => Err(InferError::Label {
            image: split.describe(index),
            label: split.label(index),
            classes,
        }),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_spreads_over_the_whole_split() {
        assert_eq!(spaced(5, None), [0, 1, 2, 3, 4]);
        assert_eq!(spaced(10, Some(4)), [0, 2, 5, 7]);
        assert_eq!(spaced(3, Some(100)), [0, 1, 2]);
        assert!(spaced(0, None).is_empty());
        assert!(spaced(3, Some(0)).is_empty());
    }
}
