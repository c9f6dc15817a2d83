//! Labels that a network's answers contradict.

use crate::argmax;

/// An image whose label is doubted.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LabelIssue {
    /// Its place among the images.
    pub image: usize,
    /// The class that it is taken for instead.
    pub likely: usize,
    /// Probability of its own label, `[0, 1]`: the lower, the surer the doubt.
    pub self_confidence: f32,
}

/// How far below a class's threshold still counts as reached, as in cleanlab.
const TOLERANCE: f64 = 1e-6;

/// Finds labels that are likely wrong, the most doubtful first.
///
/// How many there are is estimated by confident learning (Northcutt, Jiang, Chuang 2021, JAIR 70,
/// section 3): an image is confidently of a class that it has at least the probability of which
/// the images with that label have on average; if there are several, of the most probable one;
/// those that are confidently of another class than their label, which is less probable, are
/// counted. So many images with the lowest probability of their own label are returned, without
/// those of which it is the highest all the same. As cleanlab's
/// `find_label_issues(filter_by="low_self_confidence",
/// return_indices_ranked_by="self_confidence")`.
///
/// `probabilities` are `[images, classes]`, row-major, and must come from networks that did not
/// learn from the image they are of.
///
/// # Panics
/// If there are not as many rows as `labels`, or a label is none of the `classes`.
pub fn label_issues(labels: &[usize], probabilities: &[f32], classes: usize) -> Vec<LabelIssue> {
    assert_eq!(probabilities.len(), labels.len() * classes);
    let thresholds = thresholds(labels, probabilities, classes);
    let rows = || probabilities.chunks_exact(classes.max(1)).zip(labels);
    let is_issue = |(row, label): &(&[f32], &usize)| {
        let likely = confident(row, &thresholds);
        likely.is_some_and(|likely| likely != **label) && row[argmax(row)] > row[**label]
    };
    let estimated = rows().filter(is_issue).count();
    let mut images: Vec<LabelIssue> = rows()
        .enumerate()
        .map(|(image, (row, &label))| LabelIssue {
            image,
            likely: argmax(row),
            self_confidence: row[label],
        })
        .collect();
    images.sort_by(|a, b| a.self_confidence.total_cmp(&b.self_confidence));
    images.truncate(estimated);
    images.retain(|issue| issue.likely != labels[issue.image]);
    images
}

/// The class that an image is confidently of.
fn confident(row: &[f32], thresholds: &[f64]) -> Option<usize> {
    let reached = |class: &usize| f64::from(row[*class]) >= thresholds[*class] - TOLERANCE;
    let mut reached = (0..row.len()).filter(reached);
    match (reached.next()?, reached.next()) {
        (only, None) => Some(only),
        (_, Some(_)) => Some(argmax(row)),
    }
}

/// Mean probability of each class over the images with that label; never reached without any.
fn thresholds(labels: &[usize], probabilities: &[f32], classes: usize) -> Vec<f64> {
    let mut sums = vec![(0.0, 0_u32); classes];
    for (row, &label) in probabilities.chunks_exact(classes.max(1)).zip(labels) {
        let (sum, images) = &mut sums[label];
        *sum += f64::from(row[label]);
        *images += 1;
    }
    let mean = |(sum, images): (f64, u32)| match images {
        0 => f64::INFINITY,
        images => sum / f64::from(images),
    };
    sums.into_iter().map(mean).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_many_as_are_confidently_something_else_are_issues() {
        #[rustfmt::skip]
        let probabilities = [
            0.9, 0.1, 0.0,
            0.05, 0.95, 0.0, // labelled 0
            0.8, 0.1, 0.1,
            0.1, 0.9, 0.0,
            0.4, 0.5, 0.1, // labelled 0, and not confidently of 1
            0.0, 0.9, 0.1,
            0.3, 0.2, 0.5,
        ];
        let labels = [0, 0, 0, 1, 0, 1, 2];
        let found = LabelIssue {
            image: 1,
            likely: 1,
            self_confidence: 0.05,
        };
        assert_eq!(label_issues(&labels, &probabilities, 3), [found]);
        assert!(label_issues(&[], &[], 3).is_empty());
    }
}
