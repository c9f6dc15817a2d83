//! Two networks on the same few images.

use std::fmt;

use metrics::{ImageScores, mcnemar};

/// Scores of the same images, in the same order.
#[derive(Debug)]
pub(super) struct Paired {
    /// By the pretrained network with a last layer trained alone.
    pub alone: Vec<ImageScores>,
    /// By the fine-tuned network.
    pub tuned: Vec<ImageScores>,
}

impl Paired {
    /// Returns whether the fine-tuned network is right on no fewer images than the other one,
    /// and has a lower loss. The number of right ones alone is a coin's toss on ten images; how
    /// sure the networks are of each tells more, and both together keep luck out.
    pub fn tuned_wins(&self) -> bool {
        let (only_alone, only_tuned) = self.discordant();
        only_tuned >= only_alone && loss(&self.tuned) < loss(&self.alone)
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

/// Mean loss in nats.
fn loss(scores: &[ImageScores]) -> f64 {
    scores.iter().map(|image| image.loss).sum::<f64>() / scores.len().max(1) as f64
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
            loss(&self.tuned),
            right(&self.alone),
            loss(&self.alone),
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
        Paired { alone, tuned }.tuned_wins()
    }

    #[test]
    fn images_right_and_loss_decide_and_a_tie_goes_to_the_last_layer_alone() {
        assert!(wins(&[1.0, -1.0], &[1.0, 0.1]));
        assert!(!wins(&[1.0, 0.1], &[9.0, -0.1]), "fewer right");
        assert!(!wins(&[9.0, 9.0, -0.1], &[0.1, 0.1, 0.1]), "less sure");
        assert!(wins(&[1.0, -1.0], &[2.0, -1.0]));
        assert!(wins(&[1.0, -1.0, 1.0], &[-0.5, 1.5, 1.0]));
        assert!(!wins(&[1.0, -1.0], &[1.0, -1.5]));
        assert!(!wins(&[1.0, -1.0], &[1.0, -1.0]));
    }

    #[test]
    fn both_are_described() {
        let paired = Paired {
            alone: scores(&[1.0, -1.0]),
            tuned: scores(&[1.0, 1.0]),
        };
        assert_eq!(
            paired.to_string(),
            "2 of 2 validation images right, loss 0.313; the last layer alone 1, 0.813; McNemar's p = 1.00"
        );
    }
}
