//! What is said of pictures by a last layer that did not learn from them.

use rayon::prelude::*;

use super::regression::Regression;
use crate::train::{Features, class_counts};

/// Parts that the pictures are dealt to: each is judged by what was learnt from the others.
const FOLDS: usize = 5;

/// Probabilities of the pictures in `judged`, in their order, row by row.
pub(super) struct Judged {
    /// Those whose class has a picture for each fold.
    pub images: Vec<usize>,
    /// `[images, classes]`, row-major.
    pub probabilities: Vec<f32>,
    /// Classes that have fewer.
    pub few: Vec<usize>,
}

impl Judged {
    /// Judges the pictures that have these features and labels, out of so many `classes`.
    pub fn by_others(features: &Features, labels: &[usize], classes: usize) -> Self {
        let counts = class_counts(labels, classes);
        let few: Vec<usize> = (0..classes)
            .filter(|&class| (1..FOLDS).contains(&counts[class]))
            .collect();
        let images: Vec<usize> = (0..labels.len())
            .filter(|&image| counts[labels[image]] >= FOLDS)
            .collect();
        let folds = dealt(labels, classes);
        let of_folds: Vec<Vec<(usize, Vec<f32>)>> = (0..FOLDS)
            .into_par_iter()
            .map(|fold| {
                let (others, own): (Vec<usize>, Vec<usize>) =
                    images.iter().partition(|&&image| folds[image] != fold);
                let known: Vec<usize> = others.iter().map(|&image| labels[image]).collect();
                if own.is_empty() {
                    return Vec::new();
                }
                let learnt = Regression::fit(&features.subset(&others), &known, classes);
                let found = learnt.probabilities(&features.subset(&own));
                let rows = found.outer_iter().map(|row| row.to_vec());
                own.into_iter().zip(rows).collect()
            })
            .collect();
        let mut rows: Vec<(usize, Vec<f32>)> = of_folds.concat();
        rows.sort_by_key(|(image, _)| *image);
        Self {
            images,
            probabilities: rows.into_iter().flat_map(|(_, row)| row).collect(),
            few,
        }
    }
}

/// The fold of each picture: those of a class in turn, so that each fold has its share.
fn dealt(labels: &[usize], classes: usize) -> Vec<usize> {
    let mut next = vec![0; classes];
    labels
        .iter()
        .map(|&label| {
            let fold = next[label];
            next[label] = (fold + 1) % FOLDS;
            fold
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_class_is_dealt_to_all_folds() {
        let folds = dealt(&[0, 0, 1, 0, 0, 0, 0, 1], 2);
        assert_eq!(folds, [0, 1, 0, 2, 3, 4, 0, 1]);
    }

    #[test]
    fn a_wrong_label_is_seen_by_the_others() {
        // Two bundles of directions; picture 6 lies in the first, farther out than others, and is
        // labelled as the second.
        // Class 2 has too few pictures to be judged.
        let mut labels: Vec<usize> = (0..40).map(|image| image % 2).collect();
        labels[6] = 1;
        labels.push(2);
        let value = |image: usize| {
            let wobble = (image as f32 * 0.37).sin() * 0.2;
            match image % 2 {
                0 if image == 6 => [1.5, -0.5],
                0 => [1.0, wobble],
                _ => [wobble, 1.0],
            }
        };
        let features = Features {
            values: (0..41).flat_map(value).collect(),
            width: 2,
        };
        let judged = Judged::by_others(&features, &labels, 3);
        assert_eq!(judged.few, [2]);
        assert_eq!(judged.images, (0..40).collect::<Vec<_>>());
        let issues = metrics::label_issues(&labels[..40], &judged.probabilities, 3);
        assert_eq!(issues.len(), 1);
        assert_eq!((issues[0].image, issues[0].likely), (6, 0));
    }
}
