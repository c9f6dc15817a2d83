//! Gradients between the backward pass and the update.

use burn::{
    module::{Module, ModuleVisitor, Param},
    optim::GradientsParams,
    tensor::Tensor,
};

use crate::model::EfficientNet;

/// Shortens `gradients` to `longest` where they are longer, over all
/// parameters together, as PyTorch's `clip_grad_norm_`. 0: never. `None` if
/// their length is not finite.
pub fn clip_norm(
    gradients: GradientsParams,
    network: &EfficientNet,
    longest: f64,
) -> Option<GradientsParams> {
    if longest == 0.0 {
        return Some(gradients);
    }
    let mut squares = Squares {
        gradients: &gradients,
        sum: 0.0,
    };
    network.visit(&mut squares);
    let length = squares.sum.sqrt();
    if !length.is_finite() {
        return None;
    }
    let factor = longest / (length + 1e-6);
    if factor >= 1.0 {
        return Some(gradients);
    }
    let mut scale = Scale { gradients, factor };
    network.visit(&mut scale);
    Some(scale.gradients)
}

struct Squares<'a> {
    gradients: &'a GradientsParams,
    sum: f64,
}

impl ModuleVisitor for Squares<'_> {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        if let Some(gradient) = self.gradients.get::<D>(param.id) {
            self.sum += gradient.square().sum().into_scalar::<f64>();
        }
    }
}

struct Scale {
    gradients: GradientsParams,
    factor: f64,
}

impl ModuleVisitor for Scale {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        if let Some(gradient) = self.gradients.remove::<D>(param.id) {
            self.gradients.register(param.id, gradient * self.factor);
        }
    }
}
