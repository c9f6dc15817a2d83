//! The answer for one image.

/// What a model says about one image.
///
/// ```
/// use infer::Classification;
///
/// let classification = Classification {
///     logits: vec![0.0, 2.0, 1.0],
///     probabilities: vec![0.090, 0.665, 0.245],
/// };
/// assert_eq!(classification.class(), 1);
/// assert_eq!(classification.top(2), [(1, 0.665), (2, 0.245)]);
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Classification {
    /// One unnormalised score a class, as the network computed it.
    pub logits: Vec<f32>,
    /// One probability a class (softmax of the logits, from the graph).
    pub probabilities: Vec<f32>,
}

impl Classification {
    /// The most probable class: index in the contract's `classes`; of equals
    /// the lowest index.
    pub fn class(&self) -> usize {
        metrics::argmax(&self.logits)
    }

    /// The `k` most probable classes with their probabilities, best first;
    /// fewer if the model has fewer classes.
    pub fn top(&self, k: usize) -> Vec<(usize, f32)> {
        metrics::top_k(&self.logits, k)
            .into_iter()
            .map(|class| (class, self.probabilities[class]))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn top_is_sorted_and_bounded_by_the_classes() {
        let classification = Classification {
            logits: vec![0.0, 2.0, 1.0],
            probabilities: vec![0.090, 0.665, 0.245],
        };
        assert_eq!(classification.class(), 1);
        assert_eq!(classification.top(2), [(1, 0.665), (2, 0.245)]);
        assert_eq!(classification.top(5).len(), 3);
    }
}
