//! The parts that a network is counted in, from the pixels on, and parts that
//! do not learn.

use burn::{
    module::{Module, ModuleVisitor, Param},
    tensor::Tensor,
};

use super::EfficientNet;

impl EfficientNet {
    /// Parts that [`freeze_leading`](Self::freeze_leading) counts: the stem,
    /// seven stages, and the head's convolution. The classifier is none.
    pub const PARTS: usize = 9;

    /// Module paths of these parts, in their order.
    pub fn part_paths() -> impl Iterator<Item = String> {
        let stages = (0..Self::PARTS - 2).map(|stage| format!("stages.{stage}"));
        std::iter::once("stem".to_owned())
            .chain(stages)
            .chain(["head".to_owned()])
    }

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

    /// Number of parameters that a training step changes.
    pub fn learning_parameters(&self) -> usize {
        let mut count = LearningParameters(0);
        self.visit(&mut count);
        count.0
    }

    /// The network with batch norms whose running statistics take `momentum` of
    /// each batch's, or that keep them and use them in training too.
    pub fn with_batch_norms(mut self, momentum: f64, frozen: bool) -> Self {
        let blocks = self.stages.iter_mut().flatten();
        let inner = blocks.flat_map(|block| {
            let expand = block.expand.as_mut();
            expand
                .into_iter()
                .chain([&mut block.depthwise, &mut block.project])
        });
        for layer in inner.chain([&mut self.stem, &mut self.head]) {
            layer.norm.momentum = momentum;
            if frozen {
                layer.norm.training = Param::from_bool(false);
            }
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

struct LearningParameters(usize);

impl ModuleVisitor for LearningParameters {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        if param.is_require_grad() {
            self.0 += param.val().shape().num_elements();
        }
    }
}

#[cfg(test)]
mod tests {
    use burn::tensor::Device;
    use pretrained::Family;

    use crate::model::{EfficientNet, EfficientNetConfig};

    #[test]
    fn frozen_parameters_do_not_learn() {
        let config = EfficientNetConfig::variant("efficientnet_b0", 100, Family::torch()).unwrap();
        let network = config.init(&Device::flex().autodiff());
        let learning = |parts| network.clone().freeze_leading(parts).learning_parameters();
        assert_eq!(learning(0), 4_135_648);
        assert_eq!(learning(1), 4_135_648 - (27 * 32 + 2 * 32));
        assert_eq!(learning(EfficientNet::PARTS), 1280 * 100 + 100);
    }
}
