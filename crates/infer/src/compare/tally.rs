//! Two models' answers, counted image by image.

use dataset::Split;
use metrics::{argmax, mcnemar};

use super::{Comparison, Disagreement, LogitDifference, Speed};
use crate::session::Scores;

/// The counts so far.
pub(super) struct Tally {
    classes: usize,
    images: usize,
    both_right: u64,
    only_right: [u64; 2],
    max: f64,
    sum: f64,
    disagreements: Vec<Disagreement>,
}

impl Tally {
    pub fn new(classes: usize) -> Self {
        Self {
            classes,
            images: 0,
            both_right: 0,
            only_right: [0; 2],
            max: 0.0,
            sum: 0.0,
            disagreements: Vec::new(),
        }
    }

    pub fn images(&self) -> usize {
        self.images
    }

    /// Takes in the answers for the images at `indices`.
    pub fn add(&mut self, indices: &[usize], split: &Split, scores: &[Scores; 2]) {
        for (row, &index) in indices.iter().enumerate() {
            let range = row * self.classes..(row + 1) * self.classes;
            let logits = [0, 1].map(|i| &scores[i].logits[range.clone()]);
            let predicted = logits.map(argmax);
            let label = split.label(index);
            match predicted.map(|class| class == label) {
                [true, true] => self.both_right += 1,
                [true, false] => self.only_right[0] += 1,
                [false, true] => self.only_right[1] += 1,
                [false, false] => {}
            }
            for (a, b) in logits[0].iter().zip(logits[1]) {
                let difference = f64::from((a - b).abs());
                // A NaN stays, so that it is seen.
                if difference > self.max || difference.is_nan() {
                    self.max = difference;
                }
                self.sum += difference;
            }
            if predicted[0] != predicted[1] {
                let probability = |i: usize| scores[i].probabilities[range.start + predicted[i]];
                self.disagreements.push(Disagreement {
                    index,
                    label,
                    predicted,
                    probability: [0, 1].map(probability),
                });
            }
        }
        self.images += indices.len();
    }

    pub fn finish(self, speed: Speed) -> Comparison {
        // Of no images: no difference.
        let images = self.images.max(1) as f64;
        let [only_first, only_second] = self.only_right;
        Comparison {
            images: self.images,
            agreement: 1.0 - self.disagreements.len() as f64 / images,
            accuracy: self
                .only_right
                .map(|only| (self.both_right + only) as f64 / images),
            mcnemar: mcnemar(only_first, only_second),
            logits: LogitDifference {
                max: self.max,
                mean: self.sum / (images * self.classes as f64),
            },
            speed,
            disagreements: self.disagreements,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_by_hand() {
        let split = Split::in_memory("s", [1, 1], vec![0; 4 * 3], vec![0, 1, 0, 1]);
        let logits = |rows: [[f32; 2]; 4]| Scores {
            logits: rows.concat(),
            probabilities: rows.concat(),
        };
        // Right, right, right, wrong; then right, wrong, wrong, right.
        let first = logits([[2.0, 1.0], [0.0, 1.0], [1.0, 0.0], [1.0, 0.0]]);
        let second = logits([[2.0, 1.0], [3.0, 1.0], [0.0, 1.0], [0.0, 1.0]]);
        let mut tally = Tally::new(2);
        tally.add(&[0, 1, 2, 3], &split, &[first, second]);
        let speed = Speed {
            images_per_second: [1.0; 2],
            ratio: 1.0,
        };
        let comparison = tally.finish(speed);
        assert_eq!(comparison.accuracy, [0.75, 0.5]);
        assert_eq!(comparison.agreement, 0.25);
        assert_eq!(comparison.mcnemar, mcnemar(2, 1));
        assert_eq!(comparison.logits.max, 3.0);
        assert_eq!(comparison.logits.mean, 7.0 / 8.0);
        let indices: Vec<usize> = comparison.disagreements.iter().map(|d| d.index).collect();
        assert_eq!(indices, [1, 2, 3]);
        assert_eq!(comparison.disagreements[0].probability, [1.0, 3.0]);
    }
}
