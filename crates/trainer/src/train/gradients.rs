//! Gradients between the backward pass and the update.

use burn::{
    module::{Module, ModuleVisitor, Param},
    optim::GradientsParams,
    tensor::Tensor,
};

use crate::model::EfficientNet;

/// Length of `gradients` over all parameters together, `[1]`, on the device.
pub fn norm(gradients: &GradientsParams, network: &EfficientNet) -> Tensor<1> {
    let mut squares = Squares {
        gradients,
        sums: Vec::new(),
    };
    network.visit(&mut squares);
    Tensor::cat(squares.sums, 0).sum().sqrt()
}

/// Shortens `gradients` of length `norm` to `longest` where they are longer, as
/// PyTorch's `clip_grad_norm_`. Nothing is read back from the device.
pub fn clip_norm(
    gradients: GradientsParams,
    network: &EfficientNet,
    norm: Tensor<1>,
    longest: f64,
) -> GradientsParams {
    let factor = (norm + 1e-6).recip() * longest;
    let mut scale = Scale {
        gradients,
        factor: factor.clamp_max(1.0),
    };
    network.visit(&mut scale);
    scale.gradients
}

struct Squares<'a> {
    gradients: &'a GradientsParams,
    sums: Vec<Tensor<1>>,
}

impl ModuleVisitor for Squares<'_> {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        if let Some(gradient) = self.gradients.get::<D>(param.id) {
            self.sums.push(gradient.square().sum());
        }
    }
}

struct Scale {
    gradients: GradientsParams,
    factor: Tensor<1>,
}

impl ModuleVisitor for Scale {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        if let Some(gradient) = self.gradients.remove::<D>(param.id) {
            let factor = self.factor.clone().reshape([1; D]);
            self.gradients.register(param.id, gradient * factor);
        }
    }
}

#[cfg(test)]
mod tests {
    use burn::tensor::{Device, Distribution};
    use pretrained::Family;

    use super::*;
    use crate::model::EfficientNetConfig;

    struct Fill {
        gradients: GradientsParams,
        squares: f64,
    }

    impl ModuleVisitor for Fill {
        fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
            if param.is_require_grad() {
                let shape = param.val().shape();
                let gradient =
                    Tensor::<D>::random(shape, Distribution::Normal(0.0, 0.1), &Device::flex());
                let values = gradient.to_data();
                self.squares += values
                    .iter::<f32>()
                    .map(|v| f64::from(v).powi(2))
                    .sum::<f64>();
                self.gradients.register(param.id, gradient);
            }
        }
    }

    #[test]
    fn long_gradients_are_shortened_and_short_ones_stay() {
        let config = EfficientNetConfig::variant("efficientnet_b0", 10, Family::torch()).unwrap();
        let network = config.init(&Device::flex().autodiff());
        let mut fill = Fill {
            gradients: GradientsParams::new(),
            squares: 0.0,
        };
        network.visit(&mut fill);
        let length = norm(&fill.gradients, &network);
        let expected = fill.squares.sqrt();
        assert!((length.clone().into_scalar::<f64>() / expected - 1.0).abs() < 1e-4);

        let same = clip_norm(fill.gradients, &network, length.clone(), 1e6);
        assert_eq!(
            norm(&same, &network).into_data(),
            length.clone().into_data()
        );

        let clipped = clip_norm(same, &network, length, 1.0);
        assert!((norm(&clipped, &network).into_scalar::<f64>() - 1.0).abs() < 1e-4);
    }
}
