//! Which classes are taken for which.

use serde::Serialize;

use crate::ConfusionMatrix;
use crate::confusion::ratio;

/// Images of one class that were predicted as another.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct ConfusedPair {
    /// The true class.
    pub label: usize,
    /// The class predicted instead.
    pub predicted: usize,
    /// Images to which this happened, at least 1.
    pub images: u64,
    /// Their share of the true class's images, in `(0, 1]`.
    pub share: f64,
}

impl ConfusionMatrix {
    /// The `limit` largest counts off the diagonal, largest first; of equal
    /// ones the larger share of its class first, then the lower class.
    pub fn most_confused(&self, limit: usize) -> Vec<ConfusedPair> {
        let classes = self.classes();
        let mut pairs: Vec<ConfusedPair> = (0..classes)
            .flat_map(|label| (0..classes).map(move |predicted| (label, predicted)))
            .filter(|&(label, predicted)| label != predicted && self.get(label, predicted) > 0)
            .map(|(label, predicted)| ConfusedPair {
                label,
                predicted,
                images: self.get(label, predicted),
                share: ratio(self.get(label, predicted), self.labelled(label)),
            })
            .collect();
        // Stable, so equals stay in the order of the classes.
        pairs.sort_by(|a, b| {
            let by_images = b.images.cmp(&a.images);
            by_images.then(b.share.total_cmp(&a.share))
        });
        pairs.truncate(limit);
        pairs
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn most_images_first_then_the_larger_share() {
        let mut matrix = ConfusionMatrix::new(3);
        let counts = [
            (0, 1, 2),
            (1, 0, 2),
            (1, 1, 8),
            (0, 0, 4),
            (2, 0, 5),
            (2, 2, 9),
        ];
        for (label, predicted, images) in counts {
            (0..images).for_each(|_| matrix.add(label, predicted));
        }
        let pairs = matrix.most_confused(10);
        let found: Vec<_> = pairs
            .iter()
            .map(|p| (p.label, p.predicted, p.images))
            .collect();
        assert_eq!(found, [(2, 0, 5), (0, 1, 2), (1, 0, 2)]);
        assert!((pairs[1].share - 2.0 / 6.0).abs() < 1e-12);
        assert_eq!(matrix.most_confused(1).len(), 1);
        assert!(ConfusionMatrix::new(0).most_confused(3).is_empty());
    }
}
