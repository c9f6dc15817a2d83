//! Two networks on the same few images.

use std::{collections::BTreeMap, fmt};

use metrics::{ImageScores, mcnemar};

/// Scores of the same images, in the same order.
#[derive(Debug)]
pub(super) struct Paired {
    /// By the pretrained network with a last layer trained alone.
    pub alone: Vec<ImageScores>,
    /// By the fine-tuned network.
    pub tuned: Vec<ImageScores>,
    /// Whether every class counts the same, however many images it has.
    pub by_class: bool,
}

impl Paired {
    /// Returns whether the fine-tuned network has the lower mean loss on these images. The
    /// number of right ones is a coin's toss on ten images (two of fifty decided against a
    /// network that had 3 points more on photos of its own); how sure the networks are of each
    /// image tells more.
    pub fn tuned_wins(&self) -> bool {
        let loss = |image: &ImageScores| image.loss;
        self.mean(&self.tuned, loss) < self.mean(&self.alone, loss)
    }

    /// Mean of a figure over the images, or of the classes' means.
    fn mean(&self, scores: &[ImageScores], figure: impl Fn(&ImageScores) -> f64) -> f64 {
        if !self.by_class {
            return scores.iter().map(&figure).sum::<f64>() / scores.len().max(1) as f64;
        }
        let mut classes: BTreeMap<usize, (f64, f64)> = BTreeMap::new();
        for image in scores {
            let (sum, images) = classes.entry(image.label).or_default();
            *sum += figure(image);
            *images += 1.0;
        }
        let means = classes.values().map(|(sum, images)| sum / images);
        means.sum::<f64>() / classes.len().max(1) as f64
    }

    /// Images that only one of the two is right on.
    fn discordant(&self) -> (u64, u64) {
        let (mut only_alone, mut only_tuned) = (0, 0);
        for (alone, tuned) in self.alone.iter().zip(&self.tuned) {
            match (is_right(alone), is_right(tuned)) {
                (true, false) => only_alone += 1,
                (false, true) => only_tuned += 1,
                _ => {}
            }
        }
        (only_alone, only_tuned)
    }
}

fn is_right(image: &ImageScores) -> bool {
    image.predicted == image.label
}

impl fmt::Display for Paired {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let right = |scores: &[ImageScores]| scores.iter().filter(|s| is_right(s)).count();
        let (only_alone, only_tuned) = self.discordant();
        write!(
            f,
            "{} of {} validation images right, loss {:.3}; the last layer alone {}, {:.3}; McNemar's p = {:.2}",
            right(&self.tuned),
            self.tuned.len(),
            self.mean(&self.tuned, |image| image.loss),
            right(&self.alone),
            self.mean(&self.alone, |image| image.loss),
            mcnemar(only_alone, only_tuned).p_value,
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Scores of images of class 0 out of two, by the lead of its logit.
    fn scores(leads: &[f32]) -> Vec<ImageScores> {
        leads
            .iter()
            .map(|&lead| ImageScores::new(&[lead, 0.0], 0, 1.0))
            .collect()
    }

    fn wins(alone: &[f32], tuned: &[f32]) -> bool {
        let (alone, tuned) = (scores(alone), scores(tuned));
        let paired = Paired {
            alone,
            tuned,
            by_class: false,
        };
        paired.tuned_wins()
    }

    #[test]
    fn the_loss_decides_and_a_tie_goes_to_the_last_layer_alone() {
        assert!(wins(&[1.0, -1.0], &[1.0, 0.1]));
        assert!(wins(&[1.0, 0.1], &[9.0, -0.1]), "fewer right, and surer");
        assert!(!wins(&[9.0, 9.0, -0.1], &[0.1, 0.1, 0.1]), "less sure");
        assert!(wins(&[1.0, -1.0], &[2.0, -1.0]));
        assert!(wins(&[1.0, -1.0, 1.0], &[-0.5, 1.5, 1.0]));
        assert!(!wins(&[1.0, -1.0], &[1.0, -1.5]));
        assert!(!wins(&[1.0, -1.0], &[1.0, -1.0]));
    }

    #[test]
    fn a_rare_class_counts_as_much_as_a_frequent_one_by_class() {
        let of_class = |label: usize, lead: f32| ImageScores::new(&[lead, 0.0], label, 1.0);
        // Three images of class 0, one of class 1, which the last layer alone takes for class 0.
        let alone = [3.0, 3.0, 3.0].map(|lead| of_class(0, lead));
        let tuned = [3.0, 1.0, -0.1].map(|lead| of_class(0, lead));
        let wins = |by_class| {
            Paired {
                alone: alone.into_iter().chain([of_class(1, 1.0)]).collect(),
                tuned: tuned.into_iter().chain([of_class(1, -1.0)]).collect(),
                by_class,
            }
            .tuned_wins()
        };
        assert!(
            !Paired {
                alone: scores(&[1.0, -1.0]),
                tuned: scores(&[-0.1, -1.0]),
                by_class: true
            }
            .tuned_wins()
        );
        assert!(wins(true));
    }

    #[test]
    fn both_are_described() {
        let paired = Paired {
            alone: scores(&[1.0, -1.0]),
            tuned: scores(&[1.0, 1.0]),
            by_class: false,
        };
        assert_eq!(
            paired.to_string(),
            "2 of 2 validation images right, loss 0.313; the last layer alone 1, 0.813; McNemar's p = 1.00"
        );
    }
}
