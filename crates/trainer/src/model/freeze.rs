//! Parts that do not learn.

use burn::{module::Module, tensor::Tensor};

use super::EfficientNet;

impl EfficientNet {
    /// Parts that [`freeze_leading`](Self::freeze_leading) counts: the stem,
    /// seven stages, and the head's convolution. The classifier is none.
    pub const PARTS: usize = 9;

    /// The network with its first `parts` parts frozen: no gradients, nothing
    /// kept for a backward pass, and batch norms that use and keep their
    /// running statistics.
    pub fn freeze_leading(mut self, parts: usize) -> Self {
        if parts > 0 {
            self.stem = self.stem.freeze();
        }
        self.stages = self
            .stages
            .into_iter()
            .enumerate()
            .map(|(index, stage)| {
                if index + 1 < parts {
                    stage.freeze()
                } else {
                    stage
                }
            })
            .collect();
        if parts >= Self::PARTS {
            self.head = self.head.freeze();
        }
        self
    }

    /// Logits of pooled features, dropout included while training.
    ///
    /// # Shapes
    /// - features: `[batch, features]`
    /// - output: `[batch, classes]`
    pub fn classify(&self, features: Tensor<2>) -> Tensor<2> {
        self.classifier.forward(self.dropout.forward(features))
    }

    /// The network with the classifier of `other`.
    pub fn with_classifier_of(mut self, other: &Self) -> Self {
        self.classifier = other.classifier.clone();
        self
    }
}
